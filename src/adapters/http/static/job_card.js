// One job on the page: its state, how far it is, what it has written, and a way to stop it.

const WORDS = new Map([
  ["queued", "Queued"],
  ["running", "Running"],
  ["result", "Finished"],
  ["failed", "Failed"],
  ["cancelled", "Cancelled"],
  ["lost", "Unknown to the server"],
]);
const RANKS = new Map([
  ["lost", 0],
  ["queued", 1],
  ["running", 2],
]);
const FINAL = new Set(["result", "failed", "cancelled"]);

export class JobCard {
  cursor = null; // the position in this job's stream
  described = false; // kind and content are known or asked for
  #parts = {};

  /** `cancel()` asks the server to cancel and tells whether the request has left. */
  constructor(id, cancel) {
    this.id = id;
    this.shortId = id.slice(0, 8);
    this.root = this.#build(cancel);
    this.#enter("queued");
  }

  get status() {
    return this.root.dataset.status;
  }

  get word() {
    return WORDS.get(this.status).toLowerCase();
  }

  get lost() {
    return this.status === "lost";
  }

  get finished() {
    return FINAL.has(this.status);
  }

  /** Takes a `job_status` of the job's stream; true when the state became another. */
  update({ status, message, progress, kind, text }, cursor) {
    const before = this.status;
    const next = status === "progress" ? "running" : status;
    if (this.finished || !WORDS.has(next)) {
      return false; // an end is an end: a late frame changes nothing
    }
    this.cursor = cursor ?? this.cursor;
    this.#enter(next);
    this.#setKind(kind);
    this.#setProgress(next === "queued" ? 0 : progress);
    if (FINAL.has(next)) {
      this.#write(message);
    } else if (status === "progress") {
      this.#write(text);
    }
    return before !== next;
  }

  /** Takes an entry of `job_list`: a picture of a moment, which the stream may already have left behind. */
  describe({ kind, content, status, progress, message }) {
    this.described = true;
    this.#setKind(kind);
    this.#parts.content.textContent = content ?? "";
    const isNewer = FINAL.has(status) || RANKS.get(status) > RANKS.get(this.status);
    if (!this.finished && isNewer) {
      this.#enter(status);
      this.#setProgress(progress);
      this.#write(FINAL.has(status) ? message : undefined);
    }
  }

  /** The server has no record of this job, for example because it was restarted without a store. */
  lose() {
    this.cursor = null;
    this.#enter("lost");
  }

  allowCancel() {
    this.#parts.cancel.disabled = false;
  }

  #enter(status) {
    this.root.dataset.status = status;
    this.#parts.status.textContent = WORDS.get(status);
    this.#parts.cancel.hidden = this.finished || this.lost;
    this.#parts.progress.hidden = status === "failed" || status === "cancelled" || status === "lost";
    if (status === "result") {
      this.#setProgress(1);
    }
  }

  #setKind(kind) {
    if (kind) {
      this.#parts.kind.textContent = kind;
    }
  }

  #setProgress(progress) {
    if (Number.isFinite(progress)) {
      this.#parts.progress.value = Math.min(1, Math.max(0, progress));
      this.#parts.percent.textContent = `${Math.round(this.#parts.progress.value * 100)} %`;
    }
    this.#parts.percent.hidden = this.status !== "running";
  }

  #write(text) {
    if (text) {
      this.#parts.output.textContent = text;
      this.#parts.output.hidden = false;
    }
  }

  #build(cancel) {
    const card = element("li", "job");
    card.dataset.jobId = this.id;
    const parts = {
      kind: element("span", "kind", "job"),
      id: element("code", "job-id", this.shortId),
      percent: element("span", "percent"),
      status: element("span", "status"),
      content: element("p", "content"),
      progress: element("progress", "progress"),
      output: element("p", "output"),
      cancel: element("button", "quiet", "Cancel"),
    };
    parts.id.title = this.id;
    parts.progress.max = 1;
    parts.progress.value = 0;
    parts.progress.ariaLabel = `Progress of job ${this.shortId}`;
    parts.content.dir = "auto";
    parts.output.dir = "auto";
    parts.output.hidden = true;
    parts.output.dataset.role = "output";
    parts.cancel.type = "button";
    parts.cancel.dataset.role = "cancel";
    parts.cancel.ariaLabel = `Cancel job ${this.shortId}`;
    parts.cancel.addEventListener("click", () => (parts.cancel.disabled = cancel()));
    this.#parts = parts;
    const head = element("div", "job-head");
    head.append(parts.kind, parts.id, parts.percent, parts.status, parts.cancel);
    card.append(head, parts.content, parts.progress, parts.output);
    return card;
  }
}

function element(name, className, text = "") {
  const node = document.createElement(name);
  node.className = className;
  node.textContent = text;
  return node;
}
