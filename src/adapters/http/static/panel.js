// One card of the page: a socket, its state, its messages and its form.

import { fieldOf, find, partOf } from "./dom.js";
import { errorText } from "./frames.js";
import { MessageLog } from "./log.js";
import { Recovery, recoveredText } from "./recovery.js";
import { LiveSocket, NotSent } from "./socket.js";
import { showState } from "./state_badges.js";

/** @typedef {import("./frames.js").Frame} Frame */
/** @typedef {import("./log.js").Row} Row */
/** @typedef {import("./recovery.js").Recovered} Recovered */
/** @typedef {import("./states.js").State} State */

/**
 * @typedef {object} Feature what makes one card another than the rest
 * @property {(text: string) => [action: string, payload: unknown]} compose turns the form into a frame, or throws
 *   `NotSent` with the words to show
 * @property {Record<string, (payload: any, frame: Frame) => void>} frames by action
 * @property {() => void} [onConnected] runs after each opening
 * @property {() => void} [onError] runs after each `error`
 * @property {(payload: Recovered | undefined) => void} [onRecovered]
 * @property {() => string[]} [since] the positions to come back to, where the last cursor isn't enough
 * @property {string} [idle] why nothing can be sent before `connect`
 */

export class Panel {
  /** @type {LiveSocket | null} */
  socket = null;
  #feature;
  #recovery = new Recovery();

  /**
   * @param {string} name
   * @param {Feature} feature
   */
  constructor(name, feature) {
    this.root = find(document, `#panel-${name}`);
    this.log = new MessageLog(this.part("log"));
    this.input = this.field("input");
    this.#feature = feature;
    this.part("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.input.addEventListener("input", () => this.refuse(""));
    this.part("toggle").addEventListener("click", () => this.#toggle());
  }

  /** @param {string} role */
  part(role) {
    return partOf(this.root, role);
  }

  /** @param {string} role */
  field(role) {
    return fieldOf(this.root, role);
  }

  /**
   * Starts talking to `path`; a `cursor` makes it begin after that position.
   * @param {string} path
   * @param {string | null} cursor
   */
  connect(path, cursor = null) {
    this.#recovery = new Recovery();
    this.socket = new LiveSocket(path, {
      cursor,
      since: this.#feature.since,
      onFrame: (frame) => this.#receive(frame),
      onState: (state) => this.#enter(state),
    });
    this.socket.open();
  }

  /**
   * Ends the connection for good and shows `word` as the state.
   * @param {string} word
   * @param {State["name"]} name
   */
  leave(word, name = "stopped") {
    this.#recovery.ended();
    this.socket?.close();
    this.socket = null;
    showState(this.root, { name, word });
  }

  /**
   * Shows a frame as a row of the log.
   * @param {Frame} frame
   * @param {Row} row
   */
  show(frame, row) {
    this.log.add({ ...row, cursor: frame.cursor, earlier: frame.replayed });
  }

  /**
   * Sends, or says beside the form why not. True when the frame has left.
   * @param {string} action
   * @param {unknown} [payload]
   */
  send(action, payload) {
    try {
      if (this.socket === null) {
        throw new NotSent(this.#feature.idle ?? "Not connected, so nothing was sent.");
      }
      this.socket.send(action, payload);
      this.refuse("");
      return true;
    } catch (error) {
      this.#explain(error);
      return false;
    }
  }

  /**
   * Asks the server for something the person didn't ask for, if there is a connection.
   * @param {string} action
   * @param {unknown} [payload]
   */
  ask(action, payload) {
    if (this.socket?.state.name === "connected") {
      this.socket.send(action, payload);
    }
  }

  /** @param {string} words */
  refuse(words) {
    const place = this.part("refusal");
    place.textContent = words;
    place.hidden = words === "";
  }

  #submit() {
    let message;
    try {
      message = this.#feature.compose(this.input.value);
    } catch (error) {
      this.#explain(error);
      return;
    }
    if (this.send(...message)) {
      this.input.value = "";
    }
    this.input.focus();
  }

  /** @param {unknown} error */
  #explain(error) {
    if (!(error instanceof NotSent)) {
      throw error;
    }
    this.refuse(error.message);
  }

  #toggle() {
    if (this.socket === null) {
      return;
    }
    if (this.socket.state.name === "connected" || this.socket.state.name === "connecting") {
      this.socket.close("you disconnected");
    } else {
      this.socket.open();
    }
  }

  /** @param {Frame} frame */
  #receive(frame) {
    const { action, payload } = frame;
    if (action === "disconnect") {
      return; // the socket tells its reason with the state that follows
    }
    if (this.#recovery.arrived()) {
      this.log.add({ kind: "notice", text: "Connected again." });
    }
    if (action === "error") {
      this.log.add({ kind: "error", text: errorText(payload) });
      this.#feature.onError?.();
    } else if (action === "recovered") {
      this.#recovered(payload);
    } else {
      // An action this page doesn't know is a newer server's business.
      this.#feature.frames[action]?.(payload ?? {}, this.#recovery.mark(frame));
    }
  }

  /** @param {Recovered | undefined} payload */
  #recovered(payload) {
    if (this.#recovery.begin(payload)) {
      const form = payload?.recovered ? { kind: "recovered" } : { kind: "error", tag: "Gap" };
      this.log.add({ ...form, text: recoveredText(payload) });
    }
    this.#feature.onRecovered?.(payload);
  }

  /** @param {State} state */
  #enter(state) {
    showState(this.root, state);
    if (state.name === "connected") {
      this.refuse("");
      this.#feature.onConnected?.();
    } else if (this.#recovery.ended() || state.fault) {
      const kind = state.fault ? "error" : "notice";
      this.log.add({ kind, text: `Connection ended: ${(state.why || "closed").replace(/\.$/, "")}.` });
    }
  }
}

/**
 * The text a form holds, or a refusal when there is nothing in it.
 * @param {string} text
 */
export function written(text, asked = "Write something first.") {
  if (text.trim() === "") {
    throw new NotSent(asked);
  }
  return text;
}
