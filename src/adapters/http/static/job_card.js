// One job on the page: its state, how far it is, what it has written, and a way to stop it.

import { element, write } from "./dom.js";

export class JobCard {
  #job;
  #parts;

  /**
   * `cancel()` asks the server to cancel and tells whether the request has left.
   * @param {import("./job_state.js").JobState} job
   * @param {() => boolean} cancel
   */
  constructor(job, cancel) {
    this.#job = job;
    this.#parts = newParts(job.id, job.shortId);
    const { kind, id, percent, status, content, progress, output, cancel: button } = this.#parts;
    button.addEventListener("click", () => {
      button.disabled = cancel();
    });
    const head = element("div", "job-head");
    head.append(kind, id, percent, status, button);
    this.root = element("li", "job");
    this.root.dataset.jobId = job.id;
    this.root.append(head, content, progress, output);
    this.draw();
  }

  draw() {
    const { status, label, kind, content, progress, output, finished, lost } = this.#job;
    const parts = this.#parts;
    this.root.dataset.status = status;
    write(parts.status, label);
    write(parts.kind, kind);
    write(parts.content, content);
    write(parts.output, output);
    parts.output.hidden = output === "";
    write(parts.percent, `${Math.round(progress * 100)} %`);
    parts.percent.hidden = status !== "running";
    parts.progress.value = progress;
    parts.progress.hidden = status === "failed" || status === "cancelled" || lost;
    parts.cancel.hidden = finished || lost;
  }

  allowCancel() {
    this.#parts.cancel.disabled = false;
  }
}

/**
 * @param {string} jobId
 * @param {string} shortId
 */
function newParts(jobId, shortId) {
  const parts = {
    kind: element("span", "kind"),
    id: element("code", "job-id", shortId),
    percent: element("span", "percent"),
    status: element("span", "status"),
    content: element("p", "content"),
    progress: element("progress", "progress"),
    output: element("p", "output"),
    cancel: element("button", "quiet", "Cancel"),
  };
  parts.id.title = jobId;
  parts.progress.max = 1;
  parts.progress.ariaLabel = `Progress of job ${shortId}`;
  parts.content.dir = "auto";
  parts.output.dir = "auto";
  parts.output.dataset.role = "output";
  parts.cancel.type = "button";
  parts.cancel.dataset.role = "cancel";
  parts.cancel.ariaLabel = `Cancel job ${shortId}`;
  return parts;
}
