// When to come back after a connection ended, and when to stay away. Rules only: no timers, no sockets.

/** @typedef {{code?: number, reason?: string, reconnect?: boolean, after_ms?: number}} Disconnect a payload */
/** @typedef {{stop: true, why: string, code: number} | {stop: false, why: string, delay: number, imposed: boolean}} Next */

const FIRST_DELAY_MS = 500;
// Long enough to leave a struggling server alone, short enough that nobody thinks the page is dead.
const LONGEST_DELAY_MS = 30_000;

const REASONS = new Map([
  [1001, "the server is going away"],
  [1006, "the connection broke"],
  [1009, "a frame was too large"],
  [1011, "the server had an error"],
  [1012, "the server is restarting"],
  [1013, "the server is busy"],
  [4400, "this address is not valid"],
  [4401, "not signed in"],
  [4403, "not allowed"],
  [4408, "this page read too slowly"],
  [4429, "too many messages in a short time"],
]);

// The server's words for programs, in words for people.
const WORDS = new Map([
  ["not_authenticated", "this server wants a token"],
  ["token_invalid", "your token is not believed"],
  ["token_expired", "your token has expired"],
  ["token_revoked", "your token was revoked"],
  ["not_allowed", "your token does not allow this"],
]);

// Trying again can't help until something else changes: the address, or who is asking.
const FINAL_CODES = new Set([4400, 4401, 4403]);

/**
 * Milliseconds before attempt number `attempt` (0 is the first): doubling, bounded, half of it random.
 * @param {number} attempt
 */
export function backoff(attempt, random = Math.random) {
  const ceiling = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(attempt, 16));
  return ceiling / 2 + (ceiling / 2) * random();
}

/**
 * A short sentence for a close code; the server's own words win.
 * @param {number} code
 * @param {string} words
 */
export function reasonFor(code, words) {
  return WORDS.get(words) || words || REASONS.get(code) || `closed with code ${code}`;
}

/**
 * What to do after a close with `code` and `words`, when `attempt` others have failed before.
 * `disconnect` is the payload of the frame that came before the close, if one came.
 * A delay the server named is kept as it is, because the server has already spread its clients out.
 * @param {{code: number, words: string, disconnect: Disconnect | null, attempt: number}} close
 * @returns {Next}
 */
export function afterClose({ code, words, disconnect, attempt }, random = Math.random) {
  const told = disconnect?.code ?? code;
  const why = reasonFor(told, disconnect?.reason || words);
  if (FINAL_CODES.has(code) || FINAL_CODES.has(told) || disconnect?.reconnect === false) {
    return { stop: true, why, code: told };
  }
  const named = disconnect?.after_ms ?? Number.NaN;
  const imposed = Number.isFinite(named) && named >= 0;
  return { stop: false, why, imposed, delay: imposed ? named : backoff(attempt, random) };
}
