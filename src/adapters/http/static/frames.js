// Frames every socket may send, put into words.

const GONE = new Map([
  ["expired", "they are too old"],
  ["trimmed", "there were too many"],
  ["unknown_position", "the server no longer knows this position"],
  ["invalid", "the position was not valid"],
]);

/** Both forms of an `error` payload: a list of problems in a frame, or one refusal. */
export function errorText(payload) {
  if (Array.isArray(payload)) {
    const problems = payload.map((problem) => {
      const place = Array.isArray(problem?.loc) ? problem.loc.join(".") : "";
      const words = problem?.msg ?? problem?.type ?? "not valid";
      return place ? `${place}: ${words}` : String(words);
    });
    return problems.join("; ") || "The server could not read this frame.";
  }
  const words = payload?.detail ?? payload?.code ?? "The server refused this.";
  return `${words}${retryText(payload)}`;
}

function retryText(payload) {
  if (!payload?.retryable) {
    return "";
  }
  const wait = payload.retry_after_ms;
  return Number.isFinite(wait) ? ` Try again in ${Math.max(1, Math.ceil(wait / 1000))} s.` : " Try again in a moment.";
}

/** What a `recovered` frame means to the reader. */
export function recoveredText(payload) {
  if (payload?.recovered) {
    return `Caught up, ${plural(payload.missed ?? 0, "missed message")}`;
  }
  const reason = payload?.reason ?? "unknown reason";
  const words = GONE.get(reason);
  return `Could not be recovered: ${reason}${words ? ` (${words})` : ""}`;
}

export function plural(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
