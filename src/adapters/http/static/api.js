// The server's HTTP side: JSON in, JSON out, and one error whose message can be shown.

const ANSWER_WITHIN_MS = 10_000;

/** The request failed; `message` says why in words for the reader. */
export class RequestFailed extends Error {}

/** @param {string} path */
export function getJson(path) {
  return request(path, {});
}

/**
 * @param {string} path
 * @param {unknown} body
 */
export function postJson(path, body) {
  return request(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
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
