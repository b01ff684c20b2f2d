// The server's HTTP side: JSON in, JSON out, and one error whose message can be shown.

const ANSWER_WITHIN_MS = 10_000;

/** The request failed; `message` says why in words for the reader. */
export class RequestFailed extends Error {}

/**
 * @param {string} path
 * @param {string | null} token of whoever asks, if there is one
 */
export function getJson(path, token) {
  return request(path, { headers: bearer(token) });
}

/**
 * @param {string} path
 * @param {string | null} token of whoever asks, if there is one
 * @param {unknown} body
 */
export function postJson(path, token, body) {
  return request(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...bearer(token) },
    body: JSON.stringify(body),
  });
}

/**
 * @param {string | null} token
 * @returns {Record<string, string>}
 */
function bearer(token) {
  return token === null ? {} : { Authorization: `Bearer ${token}` };
}

/**
 * @param {string} path
 * @param {RequestInit} options
 */
async function request(path, options) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(new URL(path, location.origin), {
      ...options,
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
  } catch (error) {
    const late = error instanceof DOMException && error.name === "TimeoutError";
    throw new RequestFailed(late ? "The server took too long to answer." : "The server can’t be reached.");
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) {
    throw new RequestFailed(refusalText(answer, response.status));
  }
  if (answer === null) {
    throw new RequestFailed("The server’s answer could not be read.");
  }
  return answer;
}

/**
 * @param {{error?: import("./frames.js").Refusal} | null} answer
 * @param {number} status
 */
function refusalText(answer, status) {
  const error = answer?.error;
  return error?.detail ?? error?.code ?? `The server refused this (HTTP ${status}).`;
}
