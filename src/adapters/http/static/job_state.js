// One job: where it stands and what it has written. Rules only: its card shows it.

import { JobOutput } from "./job_output.js";

/** @typedef {import("./job_output.js").OutputPart} OutputPart */

/**
 * @typedef {object} JobStatus the payload of `job_status`
 * @property {string} status
 * @property {string} [job_id]
 * @property {string} [message]
 * @property {number} [progress] 0 to 1
 * @property {string} [kind]
 */

/**
 * @typedef {object} JobSummary an entry of `job_list`
 * @property {string} job_id
 * @property {string} [kind]
 * @property {string} [content]
 * @property {string} status
 * @property {number} [progress]
 * @property {string | null} [message]
 */

// A job only rises in rank, unless its stream says that it is tried again.
const ENDED = 3;
const STATES = new Map([
  ["lost", { label: "Unknown to the server", rank: 0 }],
  ["queued", { label: "Queued", rank: 1 }],
  ["running", { label: "Running", rank: 2 }],
  ["result", { label: "Finished", rank: ENDED }],
  ["failed", { label: "Failed", rank: ENDED }],
  ["cancelled", { label: "Cancelled", rank: ENDED }],
]);

export class JobState {
  status = "queued";
  kind = "job";
  content = "";
  progress = 0;
  output = "";
  described = false; // kind and content are known or asked for
  awaited = false; // all of its output is asked for
  /** @type {string | null} the position in this job's stream */
  cursor = null;
  #written = new JobOutput();

  /** @param {string} id */
  constructor(id) {
    this.id = id;
    this.shortId = id.slice(0, 8);
  }

  get label() {
    return STATES.get(this.status)?.label ?? this.status;
  }

  get lost() {
    return this.status === "lost";
  }

  get finished() {
    return rank(this.status) === ENDED;
  }

  /**
   * Takes a `job_status` of the job's stream; true when the state became another.
   * @param {JobStatus} payload
   * @param {string} [cursor]
   */
  update({ status, message, progress, kind }, cursor) {
    const before = this.status;
    const next = status === "progress" ? "running" : status;
    if (this.finished || !STATES.has(next)) {
      return false; // an end is an end: a late frame changes nothing
    }
    this.cursor = cursor ?? this.cursor;
    this.kind = kind || this.kind;
    this.#enter(next, next === "queued" ? 0 : progress);
    if (this.finished) {
      this.#write(message);
    }
    return before !== next;
  }

  /**
   * Takes a `job_output` of the job's stream; true if something is missing and not asked for yet.
   * @param {OutputPart} part
   * @param {string} [cursor]
   */
  grow(part, cursor) {
    if (this.finished) {
      return false; // its result is shown, or why there is none
    }
    this.cursor = cursor ?? this.cursor;
    const asks = !this.#written.take(part) && !this.awaited;
    this.awaited = asks || (this.awaited && part.text === undefined);
    this.#write(this.#written.text);
    return asks;
  }

  /**
   * Takes an entry of `job_list`: a picture of a moment, which the stream may already have left behind.
   * @param {JobSummary} entry
   */
  describe({ kind, content, status, progress, message }) {
    this.described = true;
    this.kind = kind || this.kind;
    this.content = content ?? "";
    if (rank(status) > rank(this.status)) {
      this.#enter(status, progress);
      this.#write(this.finished ? message : undefined);
    }
  }

  /** The server has no record of this job, for example because it was restarted without a store. */
  lose() {
    this.cursor = null;
    this.status = "lost";
  }

  /**
   * @param {string} status
   * @param {number} [progress]
   */
  #enter(status, progress = Number.NaN) {
    this.status = status;
    if (Number.isFinite(progress)) {
      this.progress = Math.min(1, Math.max(0, progress));
    } else if (status === "result") {
      this.progress = 1;
    }
  }

  /** @param {string | null} [text] */
  #write(text) {
    this.output = text || this.output;
  }
}

/** @param {string} status */
function rank(status) {
  return STATES.get(status)?.rank ?? -1;
}
