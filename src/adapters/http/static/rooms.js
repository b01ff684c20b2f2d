// Rooms: join one by its name, read what was said lately, see who is here, talk.

import { getJson } from "./api.js";
import { element } from "./dom.js";
import { plural } from "./frames.js";
import { Panel } from "./panel.js";
import { written } from "./say_form.js";

/** @typedef {import("./frames.js").Frame} Frame */
/** @typedef {{message: string, kind?: string}} Notice the payload of `room_notification` */
/** @typedef {{room_name: string, members: number}} OpenRoom */

const HISTORY_ROWS = 50;
const MOST_OPEN_ROOMS = 6;
// A crowd that arrives together is asked about once, when it has come to rest.
const ASK_MEMBERS_AFTER_MS = 250;

/** @type {Set<string | undefined>} */
const NOTICES = new Set(["joined", "left"]);

/** @param {import("./identity.js").Identity} identity */
export function startRooms(identity) {
  return new RoomsPanel(identity).panel;
}

class RoomsPanel {
  /** @type {string | null} the name of the room joined or being joined */
  #room = null;
  #askTimer = 0;
  #identity;
  #isKnown = false; // as the identity last told

  /** @param {import("./identity.js").Identity} identity */
  constructor(identity) {
    this.#identity = identity;
    this.panel = new Panel("rooms", identity, {
      compose: (text) => ["room_chat", { message: written(text) }],
      frames: {
        room_notification: (payload, frame) => this.#heard(payload, frame),
        room_members: (payload) => this.#showMembers(payload),
      },
      onKnown: () => this.panel.ask("room_members"),
    });
    this.#part("join-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#join(this.#name.value.trim());
    });
    this.#part("leave").addEventListener("click", () => this.#leave());
    this.#name.addEventListener("focus", () => this.#listOpenRooms());
    identity.addEventListener("change", () => this.#meet());
    this.#leave();
  }

  /** The field for a room's name. */
  get #name() {
    return this.panel.field("room-name");
  }

  /**
   * History first, then the socket from the history's end: what is said in between is recovered, not lost.
   * @param {string} name
   */
  async #join(name) {
    // A browser resolves these two as steps in a path, so they can't be asked for.
    if (name === "" || name === "." || name === "..") {
      this.panel.refuse("Type the name of a room.");
      return;
    }
    this.panel.leave("Joining", "connecting");
    this.panel.refuse("");
    this.panel.log.clear();
    this.#enter(name);
    const cursor = await this.#loadHistory(name);
    if (this.#room === name && this.panel.socket === null) {
      this.panel.connect(`/ws/room/${encodeURIComponent(name)}`, cursor);
      this.#moveToTalking();
    }
  }

  /** Whoever has just become known may ask which rooms are open. */
  #meet() {
    const { isKnown } = this.#identity;
    if (isKnown && !this.#isKnown) {
      this.#listOpenRooms();
    }
    this.#isKnown = isKnown;
  }

  /** Joining usually goes on with talking, unless the person went elsewhere meanwhile. */
  #moveToTalking() {
    const active = document.activeElement;
    if (active === document.body || this.#part("join-form").contains(active)) {
      this.panel.input.focus();
    }
  }

  #leave() {
    this.panel.leave("Not joined");
    this.#enter(null);
    this.#listOpenRooms();
  }

  /** @param {string | null} name */
  #enter(name) {
    this.#room = name;
    clearTimeout(this.#askTimer);
    for (const role of ["leave", "input", "send"]) {
      this.panel.field(role).disabled = name === null;
    }
    this.#part("here").hidden = name === null;
    this.#part("elsewhere").hidden = true;
    this.#part("log").dataset.empty = name === null ? "Join a room to read and talk" : "Nothing said here yet";
    this.#part("members").replaceChildren();
    this.#part("member-count").textContent = name === null ? "" : `In ${name}`;
  }

  /**
   * Shows what was said lately and returns the position of its end, or null.
   * @param {string} name
   */
  async #loadHistory(name) {
    if (this.#identity.wantsToken) {
      return null; // it would be refused, and so will the socket
    }
    /** @type {Frame[]} */
    let messages;
    try {
      const path = `/api/rooms/${encodeURIComponent(name)}/history?limit=${HISTORY_ROWS}`;
      ({ messages } = await getJson(path, this.#identity.token));
    } catch {
      return null; // the socket will say what is wrong with this room, if anything is
    }
    if (this.#room !== name) {
      return null;
    }
    for (const frame of messages) {
      this.#show(frame.payload ?? {}, { ...frame, replayed: true });
    }
    return messages.at(-1)?.cursor ?? null;
  }

  /**
   * @param {Notice} payload
   * @param {Frame} frame
   */
  #heard(payload, frame) {
    this.#show(payload, frame);
    if (NOTICES.has(payload.kind)) {
      clearTimeout(this.#askTimer);
      this.#askTimer = setTimeout(() => this.panel.ask("room_members"), ASK_MEMBERS_AFTER_MS);
    }
  }

  /**
   * @param {Notice} payload
   * @param {Frame} frame
   */
  #show({ message, kind }, frame) {
    this.panel.show(frame, {
      text: message,
      kind: NOTICES.has(kind) ? "notice" : "said",
      tag: kind === "announced" ? "announcement" : "",
    });
  }

  /** @param {{count: number, members?: string[]}} payload of `room_members` */
  #showMembers({ count, members = [] }) {
    const items = members.map((name) => listItem(name));
    if (count > members.length) {
      items.push(listItem(`and ${count - members.length} more`));
    }
    this.#part("members").replaceChildren(...items);
    this.#part("member-count").textContent = `${plural(count, "member")} in ${this.#room}`;
  }

  /** Offers the rooms that have members, while no room is joined. */
  async #listOpenRooms() {
    if (!this.#identity.isKnown) {
      return; // a server that wants a token would only refuse
    }
    const answer = await getJson("/api/rooms", this.#identity.token).catch(() => null);
    if (answer === null || this.#room !== null) {
      return;
    }
    /** @type {OpenRoom[]} */
    const rooms = answer.rooms;
    const open = [...rooms].sort((a, b) => b.members - a.members).slice(0, MOST_OPEN_ROOMS);
    this.#part("open-rooms").replaceChildren(...open.map((room) => this.#offer(room)));
    this.#part("elsewhere").hidden = open.length === 0;
  }

  /** @param {OpenRoom} room */
  #offer({ room_name: name, members }) {
    const button = element("button", "chip", `${name} · ${members}`);
    button.type = "button";
    button.setAttribute("aria-label", `Join ${name}, ${plural(members, "member")}`);
    button.addEventListener("click", () => {
      this.#name.value = name;
      this.#join(name);
    });
    const item = document.createElement("li");
    item.append(button);
    return item;
  }

  /** @param {string} role */
  #part(role) {
    return this.panel.part(role);
  }
}

/** @param {string} text */
function listItem(text) {
  const item = document.createElement("li");
  item.textContent = text;
  item.title = text; // which the card may cut
  item.dir = "auto";
  return item;
}
