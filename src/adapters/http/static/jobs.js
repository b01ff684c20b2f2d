// Background jobs: submit one, watch it on its card, cancel it, and find it again after a break or a reload.

import { JobCard } from "./job_card.js";
import { JobList } from "./job_list.js";
import { Panel } from "./panel.js";
import { written } from "./say_form.js";

/** @typedef {import("./frames.js").Frame} Frame */
/** @typedef {import("./job_output.js").OutputPart} OutputPart */
/** @typedef {import("./job_state.js").JobState} JobState */
/** @typedef {import("./job_state.js").JobStatus} JobStatus */
/** @typedef {import("./job_state.js").JobSummary} JobSummary */

/** @param {import("./identity.js").Identity} identity */
export function startJobs(identity) {
  return new JobsPanel(identity).panel;
}

class JobsPanel {
  #jobs = new JobList((id) => this.#drop(id));
  /** @type {Map<string, JobCard>} */
  #cards = new Map();

  /** @param {import("./identity.js").Identity} identity */
  constructor(identity) {
    this.panel = new Panel("jobs", identity, {
      compose: (content) => ["job", { type: this.panel.field("kind").value, content: written(content) }],
      frames: {
        job_status: (payload, frame) => this.#status(payload, frame),
        job_output: (payload, frame) => this.#output(payload, frame),
        job_list: ({ jobs }) => this.#listed(jobs ?? []),
      },
      since: () => this.#jobs.resume(),
      onKnown: () => this.panel.ask("job_list"),
      onRecovered: (payload) => payload?.recovered || this.#jobs.notResumed(),
      onError: () => this.#allowCancel(...this.#cards.values()),
    });
    this.panel.connect("/ws/background_jobs");
  }

  /**
   * @param {JobStatus} payload
   * @param {Frame} frame
   */
  #status(payload, frame) {
    const { job_id: id, status, message } = payload;
    if (!id || status === "error") {
      this.panel.show(frame, { kind: status === "error" ? "error" : "notice", text: message ?? status });
      this.#allowCancel(this.#cards.get(id ?? ""));
      return;
    }
    const { job, told } = this.#jobs.update(id, payload, frame.cursor);
    this.#draw(job);
    if (told) {
      this.panel.show(frame, { kind: "notice", text: `Job ${job.shortId}: ${job.label.toLowerCase()}` });
    }
    if (!job.described) {
      job.described = true;
      this.panel.ask("job_list"); // a status doesn't say what the job is about
    }
  }

  /**
   * @param {OutputPart} part
   * @param {Frame} frame
   */
  #output(part, frame) {
    const { job, asks } = this.#jobs.grow(part, frame.cursor);
    this.#draw(job);
    if (asks) {
      this.panel.ask("job_watch", { job_id: job.id });
    }
  }

  /** @param {JobSummary[]} entries */
  #listed(entries) {
    const asked = this.#jobs.listed(entries);
    for (const job of this.#jobs.all) {
      this.#draw(job);
    }
    for (const job of asked) {
      this.panel.ask("job_watch", { job_id: job.id });
    }
  }

  /** @param {JobState} job */
  #draw(job) {
    const card = this.#cards.get(job.id);
    if (card) {
      card.draw();
      return;
    }
    const fresh = new JobCard(job, () => this.panel.send("job_cancel", { job_id: job.id }));
    this.#cards.set(job.id, fresh);
    this.panel.part("jobs").prepend(fresh.root); // the newest comes first
  }

  /** @param {string} id */
  #drop(id) {
    this.#cards.get(id)?.root.remove();
    this.#cards.delete(id);
  }

  /** @param {(JobCard | undefined)[]} cards */
  #allowCancel(...cards) {
    for (const card of cards) {
      card?.allowCancel();
    }
  }
}
