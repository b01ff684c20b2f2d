// What becomes of a stream of frames when its connection breaks and comes back. Rules only: no socket, no page.

import { plural } from "./frames.js";

/** @typedef {import("./frames.js").Frame} Frame */
/** @typedef {{recovered?: boolean, missed?: number, reason?: string}} Recovered the payload of `recovered` */

const REASONS = new Map([
  ["expired", "they are too old"],
  ["trimmed", "there were too many"],
  ["unknown_position", "the server no longer knows this position"],
  ["invalid", "the position was not valid"],
]);

/**
 * What a `recovered` frame means to the reader.
 * @param {Recovered | null | undefined} payload
 */
export function recoveredText(payload) {
  if (payload?.recovered) {
    return `Caught up, ${plural(payload.missed ?? 0, "missed message")}`;
  }
  const reason = payload?.reason ?? "unknown reason";
  const words = REASONS.get(reason);
  return `Could not be recovered: ${reason}${words ? ` (${words})` : ""}`;
}

/** All connections to one address, one after another. */
export class Recovery {
  #missed = 0; // frames of a recovery still to come
  #used = false; // this connection brought something: one that opens and breaks at once isn't worth a row
  #connections = 0; // how many connections brought something

  /** Notes that a frame came. True if it is the first one since the connection was lost. */
  arrived() {
    if (this.#used) {
      return false;
    }
    this.#used = true;
    this.#connections += 1;
    return this.#connections > 1;
  }

  /** Notes that the connection is gone. True if it had brought something. */
  ended() {
    const used = this.#used;
    this.#used = false;
    return used;
  }

  /**
   * Takes the answer to a position; that many frames will be replayed. True if the reader should be told:
   * to catch up on the first connection, right after the history, is nothing new.
   * @param {Recovered | null | undefined} payload
   */
  begin(payload) {
    this.#missed = payload?.missed ?? 0;
    return !payload?.recovered || this.#connections > 1;
  }

  /**
   * The frame, marked as replayed while a recovery goes on.
   * @param {Frame} frame
   * @returns {Frame}
   */
  mark(frame) {
    if (frame.cursor === undefined || this.#missed === 0) {
      return frame;
    }
    this.#missed -= 1;
    return { ...frame, replayed: true };
  }
}
