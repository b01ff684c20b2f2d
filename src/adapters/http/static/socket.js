// One WebSocket that comes back by itself and asks for what it missed.

import { socketAddress } from "./address.js";
import { decode } from "./frames.js";
import { afterClose } from "./reconnect.js";

/** @typedef {import("./frames.js").Frame} Frame */
/** @typedef {import("./reconnect.js").Disconnect} Disconnect */
/** @typedef {import("./states.js").State} State */

/**
 * @typedef {object} Listener
 * @property {(frame: Frame) => void} onFrame gets every frame but `pong`, in order
 * @property {(state: State) => void} onState
 * @property {() => string[]} [since] replaces the socket's own memory of the last cursor by a list of positions
 * @property {string | null} [cursor] where to begin
 */

// A browser may wait minutes for a handshake that will never be answered.
const CONNECT_WITHIN_MS = 10_000;
// Below the 30 s after which common proxies cut an idle connection.
const PING_EVERY_MS = 25_000;
// A connection that lasted this long was a good one: the next loss starts again with a short delay.
const STEADY_AFTER_MS = 5_000;
// The server ends a connection whose frame is larger than this.
const LARGEST_FRAME_BYTES = 64 * 1024;
// More than this still unsent means the network can't follow.
const MOST_UNSENT_BYTES = 1024 * 1024;

/** The frame did not leave this page; `message` says why. */
export class NotSent extends Error {}

export class LiveSocket {
  /** @type {State} */
  state = { name: "stopped" };
  #path;
  #onFrame;
  #onState;
  #since;
  /** @type {WebSocket | null} the connection whose events count; an older one is no longer listened to */
  #socket = null;
  /** @type {string | null} the position of the last durable frame seen */
  #cursor;
  /** @type {Disconnect | null} kept for the close that follows */
  #disconnect = null;
  #attempt = 0; // failures since the last steady connection
  #silent = false; // a ping went out and nothing came back yet
  /** @type {Map<string, number>} */
  #timers = new Map();

  /**
   * @param {string} path
   * @param {Listener} listener
   */
  constructor(path, { onFrame, onState, since, cursor = null }) {
    this.#path = path;
    this.#onFrame = onFrame;
    this.#onState = onState;
    this.#cursor = cursor;
    this.#since = since ?? (() => (this.#cursor === null ? [] : [this.#cursor]));
  }

  /** Whether a frame can leave. A socket that is closing would take it and lose it. */
  get isOpen() {
    return this.state.name === "connected" && this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Connects now, unless it is connected or on its way. */
  open() {
    if (this.state.name === "waiting" || this.state.name === "stopped") {
      this.#dial();
    }
  }

  /** Cuts a wait short when the network has come back; a wait the server asked for is kept. */
  hurry() {
    if (this.state.name === "waiting" && !this.state.imposed) {
      this.#dial();
    }
  }

  /** Ends the connection and stays away until `open`. The position is kept. */
  close(why = "") {
    const socket = this.#forget();
    socket?.close(1000);
    this.#enter({ name: "stopped", why });
  }

  /**
   * Ends the connection as if the server had said so.
   * @param {Disconnect} disconnect
   */
  end(disconnect) {
    this.#disconnect = disconnect;
    this.#abandon("");
  }

  /**
   * Sends one frame, or throws `NotSent`. Nothing is kept for later: the person decides what is still worth sending.
   * @param {string} action
   * @param {unknown} [payload]
   * @param {string} [ref] comes back with the answer
   */
  send(action, payload, ref) {
    const socket = this.#socket;
    if (socket === null || !this.isOpen) {
      throw new NotSent("Not connected, so nothing was sent.");
    }
    const text = JSON.stringify({ action, payload, ref }); // without what is undefined
    if (new TextEncoder().encode(text).length > LARGEST_FRAME_BYTES) {
      throw new NotSent("Too long to send: the limit is 64 KiB.");
    }
    if (socket.bufferedAmount > MOST_UNSENT_BYTES) {
      throw new NotSent("The connection can’t keep up. Try again in a moment.");
    }
    socket.send(text);
  }

  #dial() {
    this.#forget();
    this.#enter({ name: "connecting" });
    const socket = new WebSocket(socketAddress(this.#path, this.#since()));
    this.#socket = socket;
    const isCurrent = () => socket === this.#socket;
    socket.addEventListener("open", () => isCurrent() && this.#opened());
    socket.addEventListener("message", ({ data }) => isCurrent() && this.#received(data));
    socket.addEventListener("close", ({ code, reason }) => isCurrent() && this.#lost(code, reason));
    this.#after("connect", CONNECT_WITHIN_MS, () => this.#abandon("no answer from the server"));
  }

  #opened() {
    this.#cancel("connect");
    this.#after("steady", STEADY_AFTER_MS, () => {
      this.#attempt = 0;
    });
    this.#beat();
    this.#enter({ name: "connected" });
  }

  #beat() {
    this.#after("beat", PING_EVERY_MS, () => {
      if (this.#silent) {
        this.#abandon("the server stopped answering");
        return;
      }
      this.#silent = true;
      this.#socket?.send('{"action": "ping"}');
      this.#beat();
    });
  }

  /** @param {string} data */
  #received(data) {
    this.#silent = false;
    const frame = decode(data);
    if (frame === null) {
      console.warn("A frame that is not an envelope was skipped", this.#path);
      return;
    }
    if (typeof frame.cursor === "string") {
      this.#cursor = frame.cursor;
    }
    if (frame.action === "disconnect") {
      this.#disconnect = frame.payload ?? {};
    }
    if (frame.action !== "pong") {
      this.#onFrame(frame);
    }
  }

  /**
   * Gives up on a connection that doesn't answer; its close event could take minutes.
   * @param {string} why
   */
  #abandon(why) {
    const socket = this.#socket;
    this.#lost(1006, why);
    socket?.close();
  }

  /**
   * @param {number} code
   * @param {string} words
   */
  #lost(code, words) {
    const disconnect = this.#disconnect;
    this.#forget();
    const next = afterClose({ code, words, disconnect, attempt: this.#attempt });
    if (next.stop) {
      this.#enter({ name: "stopped", why: next.why, fault: true, code: next.code });
      return;
    }
    this.#attempt += 1;
    this.#wait(performance.now() + next.delay, next);
  }

  /**
   * @param {number} until on the clock of `performance.now()`
   * @param {{why: string, imposed: boolean}} next
   */
  #wait(until, { why, imposed }) {
    const left = until - performance.now();
    if (left <= 0) {
      this.#dial();
      return;
    }
    this.#enter({ name: "waiting", why, imposed, seconds: Math.ceil(left / 1000) });
    this.#after("wait", Math.min(left, 1000), () => this.#wait(until, { why, imposed }));
  }

  /** @param {State} state */
  #enter(state) {
    this.state = state;
    this.#onState(state);
  }

  /** Ends the timers and stops listening to the connection, which it returns. */
  #forget() {
    for (const name of [...this.#timers.keys()]) {
      this.#cancel(name);
    }
    const socket = this.#socket;
    this.#socket = null;
    this.#disconnect = null;
    this.#silent = false;
    return socket;
  }

  /**
   * @param {string} name
   * @param {number} delay milliseconds
   * @param {() => void} act
   */
  #after(name, delay, act) {
    this.#cancel(name);
    this.#timers.set(name, setTimeout(act, delay));
  }

  /** @param {string} name */
  #cancel(name) {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }
}
