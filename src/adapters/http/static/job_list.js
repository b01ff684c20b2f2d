// The jobs this page knows, and which of them the connection must still be asked about. Rules only.

import { JobState } from "./job_state.js";

/** @typedef {import("./job_output.js").OutputPart} OutputPart */
/** @typedef {import("./job_state.js").JobStatus} JobStatus */
/** @typedef {import("./job_state.js").JobSummary} JobSummary */

const MOST_JOBS = 40;
// Positions travel in the address of the socket, which must not grow without end.
const MOST_POSITIONS = 20;

export class JobList {
  /** @type {Map<string, JobState>} oldest first */
  #jobs = new Map();
  /** @type {Set<string>} ids of the jobs whose frames this connection brings */
  #heard = new Set();
  #onDrop;

  /** @param {(id: string) => void} onDrop is told which job had to make room for a new one */
  constructor(onDrop) {
    this.#onDrop = onDrop;
  }

  /** Oldest first. */
  get all() {
    return [...this.#jobs.values()];
  }

  /**
   * Starts a connection: where to go on in the stream of each unfinished job.
   * Jobs without a position are found by the next `listed`.
   */
  resume() {
    const resumed = this.all.filter((job) => !job.finished && job.cursor !== null).slice(-MOST_POSITIONS);
    this.#heard = new Set(resumed.map((job) => job.id));
    for (const job of resumed) {
      job.awaited = false;
    }
    return resumed.map((job) => /** @type {string} */ (job.cursor));
  }

  /** The positions were not honoured: no stream goes on by itself. */
  notResumed() {
    this.#heard.clear();
  }

  /**
   * Takes a `job_status` of a job's stream. `told` is whether its state is news to the reader.
   * @param {string} id
   * @param {JobStatus} payload
   * @param {string} [cursor]
   */
  update(id, payload, cursor) {
    this.#heard.add(id);
    const isNew = !this.#jobs.has(id);
    const job = this.#job(id);
    const changed = job.update(payload, cursor);
    return { job, told: changed || isNew };
  }

  /**
   * Takes a `job_output`. `asks` is whether to ask for the job by `job_watch`, for something is missing.
   * @param {OutputPart} part
   * @param {string} [cursor]
   */
  grow(part, cursor) {
    this.#heard.add(part.job_id);
    const job = this.#job(part.job_id);
    return { job, asks: job.grow(part, cursor) };
  }

  /**
   * Takes a `job_list`, newest first. Returns the jobs to ask for by `job_watch`: those whose frames don't come by
   * themselves, and those the list doesn't have. Should the server know these after all, its answer brings them back.
   * @param {JobSummary[]} entries
   */
  listed(entries) {
    const known = new Set(entries.map((entry) => entry.job_id));
    for (const entry of [...entries].reverse()) {
      this.#job(entry.job_id).describe(entry);
    }
    const lost = this.all.filter((job) => !job.finished && !job.lost && !known.has(job.id));
    const unheard = this.all.filter((job) => !job.finished && known.has(job.id) && !this.#heard.has(job.id));
    for (const job of lost) {
      job.lose();
    }
    const asked = [...unheard, ...lost];
    for (const job of asked) {
      job.awaited = true;
      this.#heard.add(job.id);
    }
    return asked;
  }

  /** @param {string} id */
  #job(id) {
    const job = this.#jobs.get(id) ?? new JobState(id);
    if (!this.#jobs.has(id)) {
      this.#jobs.set(id, job);
      this.#makeRoom();
    }
    return job;
  }

  /** An unfinished job is never dropped: its end would be missed. */
  #makeRoom() {
    const oldest = this.#jobs.size > MOST_JOBS && this.all.find((job) => job.finished);
    if (oldest) {
      this.#jobs.delete(oldest.id);
      this.#onDrop(oldest.id);
    }
  }
}
