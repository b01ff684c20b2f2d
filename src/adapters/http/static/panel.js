// One card of the page: a socket, its state, its messages and its form.

import { errorText, recoveredText } from "./frames.js";
import { MessageLog } from "./log.js";
import { LiveSocket, NotSent } from "./socket.js";
import { showState } from "./states.js";

/**
 * `compose(text)` turns the form into `[action, payload]`, or throws `NotSent` with the words to show.
 * `frames` maps an action to `handler(payload, frame)`. `onConnected()` runs after each opening,
 * `onError()` after each error frame. `since` is handed to the socket.
 */
export class Panel {
  socket = null;
  #compose;
  #frames;
  #hooks;
  #replaying = 0; // frames of a recovery still to come
  #standing = false; // something came over this connection: one that opens and breaks at once isn't worth a row
  #connections = 0; // how many connections to this address brought something

  constructor(name, { compose, frames, ...hooks }) {
    this.root = document.getElementById(`panel-${name}`);
    this.log = new MessageLog(this.part("log"));
    this.input = this.part("input");
    this.#compose = compose;
    this.#frames = frames;
    this.#hooks = hooks;
    this.part("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.input.addEventListener("input", () => this.refuse(""));
    this.part("toggle").addEventListener("click", () => this.#toggle());
  }

  part(role) {
    return this.root.querySelector(`[data-role="${role}"]`);
  }

  /** Starts talking to `path`; a `cursor` makes it begin after that position. */
  connect(path, cursor = null) {
    this.#replaying = 0;
    this.#standing = false;
    this.#connections = 0;
    this.socket = new LiveSocket(path, {
      cursor,
      since: this.#hooks.since,
      onFrame: (frame) => this.#receive(frame),
      onState: (state) => this.#enter(state),
    });
    this.socket.open();
  }

  /** Ends the connection for good and shows `word` as the state. */
  leave(word, name = "stopped") {
    this.#standing = false;
    this.socket?.close();
    this.socket = null;
    showState(this.root, { name, word });
  }

  /** Shows a frame as a row of the log. */
  show(frame, row) {
    this.log.add({ ...row, cursor: frame.cursor ?? null, earlier: row.earlier ?? frame.replayed ?? false });
  }

  /** Sends, or says beside the form why not. True when the frame has left. */
  send(action, payload) {
    try {
      if (this.socket === null) {
        throw new NotSent(this.#hooks.idle ?? "Not connected, so nothing was sent.");
      }
      this.socket.send(action, payload);
      this.refuse("");
      return true;
    } catch (error) {
      return this.#explain(error);
    }
  }

  /** Asks the server for something the person didn't ask for, if there is a connection. */
  ask(action, payload) {
    if (this.socket?.state.name === "connected") {
      this.socket.send(action, payload);
    }
  }

  refuse(words) {
    const place = this.part("refusal");
    place.textContent = words;
    place.hidden = words === "";
  }

  #submit() {
    let message;
    try {
      message = this.#compose(this.input.value);
    } catch (error) {
      this.#explain(error);
      return;
    }
    if (this.send(...message)) {
      this.input.value = "";
    }
    this.input.focus();
  }

  #explain(error) {
    if (!(error instanceof NotSent)) {
      throw error;
    }
    this.refuse(error.message);
    return false;
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

  #receive(frame) {
    const { action, payload } = frame;
    if (action === "disconnect") {
      return; // the socket tells its reason with the state that follows
    }
    this.#stand();
    if (action === "error") {
      this.log.add({ kind: "error", text: errorText(payload) });
      this.#hooks.onError?.();
    } else if (action === "recovered") {
      this.#recovered(payload);
    } else {
      // An action this page doesn't know is a newer server's business.
      this.#frames[action]?.(payload ?? {}, this.#replayed(frame));
    }
  }

  #recovered(payload) {
    this.#replaying = payload?.missed ?? 0;
    const missedNothing = payload?.recovered && this.#connections === 1;
    if (!missedNothing) {
      const kind = payload?.recovered ? { kind: "recovered" } : { kind: "error", tag: "Gap" };
      this.log.add({ ...kind, text: recoveredText(payload) });
    }
    this.#hooks.onRecovered?.(payload);
  }

  #replayed(frame) {
    if (frame.cursor === undefined || this.#replaying === 0) {
      return frame;
    }
    this.#replaying -= 1;
    return { ...frame, replayed: true };
  }

  #stand() {
    if (this.#standing) {
      return;
    }
    this.#standing = true;
    this.#connections += 1;
    if (this.#connections > 1) {
      this.log.add({ kind: "notice", text: "Connected again." });
    }
  }

  #enter(state) {
    showState(this.root, state);
    if (state.name === "connected") {
      this.refuse("");
      this.#hooks.onConnected?.();
      return;
    }
    if (this.#standing || state.fault) {
      this.#standing = false;
      const kind = state.fault ? "error" : "notice";
      this.log.add({ kind, text: `Connection ended: ${(state.why || "closed").replace(/\.$/, "")}.` });
    }
  }
}

/** The text a form holds, or a refusal when there is nothing in it. */
export function written(text, asked = "Write something first.") {
  if (text.trim() === "") {
    throw new NotSent(asked);
  }
  return text;
}
