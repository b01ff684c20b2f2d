// Who this page is to the server: a chosen name, or a token. Rules only: no socket, no page.

import { errorText } from "./frames.js";
import { NAMELESS } from "./nameless.js";

/** @typedef {import("./frames.js").Member} Member */
/** @typedef {import("./frames.js").Problem} Problem */
/** @typedef {import("./frames.js").Refusal} Refusal */
/** @typedef {{token: string, name?: undefined} | {name: string, token?: undefined}} Claim what `authenticate` says */
/** @typedef {{member?: Member, expires_at?: number | null}} Authenticated a payload */

const STORED_AS = "switchboard.name";
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/;
// The server reads no longer one, and a frame holds no longer one.
const LONGEST_TOKEN = 8 * 1024;

/**
 * Tells of every change by the event `change`. The name is remembered in `storage` once the server has taken it;
 * a token never is.
 */
export class Identity extends EventTarget {
  /** @type {Member | null} as the server last answered */
  member = null;
  /** @type {number | null} seconds since 1970 */
  expiresAt = null;
  /** Why what was asked for was not done. */
  refusals = { name: "", token: "" };
  /** What else the person has to know, such as that the token is about to expire. */
  note = "";
  wantsToken = false;
  /** @type {Claim} what holds */
  #held;
  /** @type {Claim | null} what was asked for and isn't answered yet */
  #tried = null;
  #storage;

  /** @param {Pick<Storage, "getItem" | "setItem" | "removeItem"> | null} storage null where the browser keeps nothing */
  constructor(storage) {
    super();
    this.#storage = storage;
    this.#held = { name: storage?.getItem(STORED_AS) ?? "" };
  }

  /** What to say on a connection. */
  get claim() {
    return this.#tried ?? this.#held;
  }

  /** Whether the server has said who this is, and wants to know no more. */
  get isKnown() {
    return this.member !== null && !this.wantsToken;
  }

  /** The token that holds, for requests over HTTP. */
  get token() {
    return this.#held.token ?? null;
  }

  /** The name to show in its field. */
  get name() {
    return this.#held.token === undefined ? this.#held.name : (this.member?.name ?? "");
  }

  /**
   * Asks for another name, or for none by "". True if there is something new to say.
   * @param {string} text
   */
  choose(text) {
    const name = text.trim();
    this.refusals.name = "";
    const isNew = name !== this.claim.name;
    if (isNew) {
      this.#tried = { name };
    }
    this.#changed();
    return isNew;
  }

  /**
   * Asks to be whom a token names. True if there is something to say.
   * @param {string} text may begin with `Bearer`
   */
  signIn(text) {
    const token = text.trim().replace(/^Bearer\s+/i, "");
    const isToken = token.length <= LONGEST_TOKEN && TOKEN.test(token);
    this.refusals.token = isToken ? "" : "This is no token: a JWT has three parts with dots between them.";
    if (isToken) {
      this.#tried = { token };
    }
    this.#changed();
    return isToken;
  }

  /** Forgets the token. The connections that it opened have to be opened anew. */
  signOut() {
    this.#tried = null;
    this.#held = { name: this.#stored() };
    this.member = null;
    this.expiresAt = null;
    this.#settle();
  }

  /**
   * The server has answered `authenticated`.
   * @param {Claim} claim
   * @param {Authenticated} answer
   */
  accepted(claim, { member, expires_at }) {
    this.member = member ?? null;
    this.expiresAt = expires_at ?? null;
    if (claim === this.#tried) {
      this.#tried = null;
      this.#held = claim;
      if (claim.name !== undefined) {
        this.#store(claim.name);
      }
    }
    this.#settle();
  }

  /**
   * The server has answered `error`. A token that held stays, so that nobody goes on as somebody else unasked.
   * @param {Claim} claim
   * @param {Problem[] | Refusal | null | undefined} payload
   */
  refused(claim, payload) {
    if (codeOf(payload) === "not_authenticated") {
      this.wantsToken = true;
    } else if (claim.token !== undefined) {
      this.refusals.token = errorText(payload);
    } else {
      this.refusals.name = errorText(payload);
    }
    if (claim === this.#tried) {
      this.#tried = null;
    } else if (codeOf(payload) === "member_name_is_impossible" && claim === this.#held) {
      this.#held = { name: "" };
      this.#store("");
    }
    this.#changed();
  }

  /** @param {number} left milliseconds until the token expires */
  expiring(left, now = Date.now()) {
    this.expiresAt = (now + left) / 1000;
    this.note = "Your token expires soon. Sign in with a newer one to stay.";
    this.#changed();
  }

  /**
   * A connection has ended because the server doesn't believe, or wants to know, who this is.
   * @param {string} why
   */
  ended(why) {
    this.note = `${why[0]?.toUpperCase() ?? ""}${why.slice(1).replace(/\.$/, "")}.`;
    this.wantsToken = true;
    this.#changed();
  }

  #settle() {
    this.refusals = { name: "", token: "" };
    this.note = "";
    this.wantsToken = false;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  #stored() {
    return this.#storage?.getItem(STORED_AS) ?? "";
  }

  /** @param {string} name */
  #store(name) {
    try {
      if (name === "") {
        this.#storage?.removeItem(STORED_AS);
      } else {
        this.#storage?.setItem(STORED_AS, name);
      }
    } catch {
      // A full storage: the name holds until the page is left.
    }
  }
}

/**
 * The payload of `authenticate`.
 * @param {Claim} claim
 */
export function authenticatePayload({ token, name }) {
  return token === undefined ? { name: name || NAMELESS } : { token };
}

/** @param {Problem[] | Refusal | null | undefined} payload */
export function codeOf(payload) {
  return Array.isArray(payload) ? undefined : payload?.code;
}
