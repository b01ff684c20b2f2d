// One card of the page: a socket, its state, its messages and its form.

import { fieldOf, find, partOf } from "./dom.js";
import { errorText, memberOf, timeOf } from "./frames.js";
import { Introduction, REF } from "./introduction.js";
import { MessageLog } from "./log.js";
import { Recovery, recoveredText } from "./recovery.js";
import { SayForm } from "./say_form.js";
import { LiveSocket, NotSent } from "./socket.js";
import { showState } from "./state_badges.js";

/** @typedef {import("./frames.js").Frame} Frame */
/** @typedef {import("./identity.js").Identity} Identity */
/** @typedef {import("./recovery.js").Recovered} Recovered */
/** @typedef {import("./row.js").Row} Row */
/** @typedef {import("./states.js").State} State */

/**
 * @typedef {object} Feature what makes one card another than the rest
 * @property {(text: string) => [action: string, payload: unknown]} compose turns the form into a frame, or throws
 *   `NotSent` with the words to show
 * @property {Record<string, (payload: any, frame: Frame) => void>} frames by action
 * @property {() => void} [onKnown] runs when the server knows who this is: after each opening, and after a change
 * @property {() => void} [onError] runs after each `error`
 * @property {(payload: Recovered | undefined) => void} [onRecovered]
 * @property {() => string[]} [since] the positions to come back to, where the last cursor isn't enough
 */

const NOT_AUTHENTICATED = 4401;
const NOT_ALLOWED = 4403;
/** @type {Set<number | undefined>} a connection that ended so may be taken once more from somebody else */
const IDENTITY_CODES = new Set([NOT_AUTHENTICATED, NOT_ALLOWED]);

export class Panel {
  /** @type {LiveSocket | null} */
  socket = null;
  #feature;
  #form;
  #recovery = new Recovery();
  #toldWhy = ""; // the last fault in the log, which a vain attempt doesn't repeat
  #identity;
  #introduction;

  /**
   * @param {string} name
   * @param {Identity} identity
   * @param {Feature} feature
   */
  constructor(name, identity, feature) {
    this.#identity = identity;
    this.#introduction = new Introduction(identity);
    this.root = find(document, `#panel-${name}`);
    this.log = new MessageLog(this.part("log"));
    this.#form = new SayForm(this.root, (text) => this.#send(...feature.compose(text)));
    this.#feature = feature;
    this.part("toggle").addEventListener("click", () => this.#toggle());
  }

  get input() {
    return this.#form.input;
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

  /** Says who this is, now or as soon as there is a connection; one that ended for want of it is opened again. */
  introduce() {
    const state = this.socket?.state;
    if (this.socket?.isOpen) {
      this.#introduce();
    } else if (state?.fault && IDENTITY_CODES.has(state.code)) {
      this.socket?.open();
    }
  }

  /** Opens the connection anew, unless the person has closed it. */
  restart() {
    const state = this.socket?.state;
    if (state?.name !== "stopped" || (state.fault && IDENTITY_CODES.has(state.code))) {
      this.socket?.close("you signed out");
      this.socket?.open();
    }
  }

  /**
   * Shows a frame as a row of the log.
   * @param {Frame} frame
   * @param {Row} row
   */
  show(frame, row) {
    const member = memberOf(frame);
    const isSaid = (row.kind ?? "said") === "said";
    const who = isSaid ? { by: member, own: this.#introduction.isOwn(member) } : { about: member };
    this.log.add({ ...row, ...who, id: frame.id, at: timeOf(frame), earlier: frame.replayed });
  }

  /**
   * Sends, or says beside the form why not. True when the frame has left.
   * @param {string} action
   * @param {unknown} [payload]
   */
  send(action, payload) {
    return this.#form.attempt(() => this.#send(action, payload));
  }

  /**
   * Asks the server for something the person didn't ask for, if there is a connection.
   * @param {string} action
   * @param {unknown} [payload]
   * @param {string} [ref]
   */
  ask(action, payload, ref) {
    if (this.socket?.isOpen) {
      this.socket.send(action, payload, ref);
    }
  }

  /** @param {string} words */
  refuse(words) {
    this.#form.refuse(words);
  }

  /**
   * @param {string} action
   * @param {unknown} payload
   */
  #send(action, payload) {
    if (this.socket === null) {
      throw new NotSent("Not connected, so nothing was sent.");
    }
    this.socket.send(action, payload);
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
    if (action === "disconnect") return; // the socket tells its reason with the state that follows
    const verdict = this.#introduction.hear(frame);
    if (verdict !== null) {
      this.#follow(verdict);
      return;
    }
    if (this.#recovery.arrived()) {
      this.log.add({ kind: "notice", text: "Connected again." });
    }
    this.#toldWhy = "";
    if (action === "error") {
      this.log.add({ kind: "error", text: errorText(payload) });
      this.#feature.onError?.();
    } else if (action === "recovered") {
      this.#recovered(payload);
    } else if (action === "auth_expiring") {
      this.#identity.expiring(Number(payload?.expires_in_ms) || 0);
    } else {
      // An action this page doesn't know is a newer server's business.
      this.#feature.frames[action]?.(payload ?? {}, this.#recovery.mark(frame));
    }
  }

  #introduce() {
    this.ask("authenticate", this.#introduction.say(), REF);
  }

  /** @param {import("./introduction.js").Verdict} verdict */
  #follow({ known, again, end }) {
    if (known) {
      this.log.meet(this.#introduction.member);
      this.#feature.onKnown?.();
    }
    if (again) {
      this.#introduce();
    }
    if (end) {
      this.socket?.end(end);
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
      this.#introduction.begin();
      this.#introduce();
    } else if (this.#recovery.ended() || (state.fault && state.why !== this.#toldWhy)) {
      this.#toldWhy = state.why ?? "";
      const kind = state.fault ? "error" : "notice";
      this.log.add({ kind, text: `Connection ended: ${(state.why || "closed").replace(/\.$/, "")}.` });
    }
    if (state.code === NOT_AUTHENTICATED) {
      this.#identity.ended(state.why ?? "");
    }
  }
}
