// Frames that every socket may bring, and the words for their errors.

/** @typedef {{id: string, name: string}} Member whoever said something; the name is as it was chosen */

/**
 * @typedef {object} Frame
 * @property {string} action
 * @property {any} [payload] its form depends on the action
 * @property {string} [id] of what was said, the same for everybody and for ever
 * @property {number} [at] when the server accepted it, in milliseconds since 1970
 * @property {string} [ref] of the frame that this one answers
 * @property {string} [cursor] the position of a durable frame
 * @property {boolean} [replayed] set by this page: the frame was missed and is told later
 */

/** @typedef {{type?: string, loc?: unknown, msg?: string}} Problem one thing that is wrong with a frame */
/** @typedef {{code?: string, detail?: string, retryable?: boolean, retry_after_ms?: number}} Refusal */

/**
 * The frame in `text`, or null if there is none.
 * @param {string} text
 * @returns {Frame | null}
 */
export function decode(text) {
  let frame;
  try {
    frame = JSON.parse(text);
  } catch {
    return null;
  }
  return typeof frame?.action === "string" ? frame : null;
}

/**
 * Who said it, or null if it was the service.
 * @param {Frame} frame
 * @returns {Member | null}
 */
export function memberOf({ payload }) {
  const { id, name } = payload?.member ?? {};
  return typeof id === "string" && typeof name === "string" ? { id, name } : null;
}

/**
 * When it was said, or null if that isn't told.
 * @param {Frame} frame
 */
export function timeOf({ at }) {
  const time = new Date(typeof at === "number" ? at : Number.NaN);
  return Number.isNaN(time.getTime()) ? null : time;
}

/**
 * What is told in a conversation: what a member said, which begins with `label`; that one came or went, a notice; or
 * an announcement.
 * @param {Frame} frame
 * @param {string} label
 * @returns {{text: string, kind?: string, tag?: string}}
 */
export function conversationRow(frame, label) {
  const text = String(frame.payload?.message ?? "");
  if (text.startsWith(label)) {
    return { text };
  }
  return memberOf(frame) === null ? { text, tag: "announcement" } : { text, kind: "notice" };
}

/**
 * Both forms of an `error` payload: a list of problems in a frame, or one refusal.
 * @param {Problem[] | Refusal | null | undefined} payload
 */
export function errorText(payload) {
  if (Array.isArray(payload)) {
    return payload.map(problemText).join("; ") || "The server could not read this frame.";
  }
  const words = payload?.detail ?? payload?.code ?? "The server refused this.";
  return `${words}${payload?.retryable ? retryText(payload.retry_after_ms) : ""}`;
}

/** @param {Problem | null} problem */
function problemText(problem) {
  const place = Array.isArray(problem?.loc) ? problem.loc.join(".") : "";
  const words = problem?.msg ?? problem?.type ?? "not valid";
  return place ? `${place}: ${words}` : words;
}

/** @param {unknown} wait milliseconds */
function retryText(wait) {
  const named = typeof wait === "number" && Number.isFinite(wait);
  return named ? ` Try again in ${Math.max(1, Math.ceil(wait / 1000))} s.` : " Try again in a moment.";
}

/**
 * @param {number} count
 * @param {string} noun
 */
export function plural(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
