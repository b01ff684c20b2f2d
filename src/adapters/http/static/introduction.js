// How one card's connections say who this page is, and what follows from the answer. Rules only: no socket, no page.

import { authenticatePayload, codeOf } from "./identity.js";

/** @typedef {import("./frames.js").Frame} Frame */
/** @typedef {import("./frames.js").Member} Member */
/** @typedef {import("./identity.js").Claim} Claim */
/** @typedef {import("./reconnect.js").Disconnect} Disconnect */

/**
 * @typedef {object} Verdict what to do now
 * @property {boolean} [known] the server knows who this is: whatever else is wanted can be asked for
 * @property {boolean} [again] say who this is once more
 * @property {Disconnect} [end] end the connection
 */

/** Tells the answers to `authenticate` from others. */
export const REF = "who";
const NOT_AUTHENTICATED = 4401;
const TRY_LATER = 1013;

export class Introduction {
  /** @type {Member | null} kept over connections: what is told again comes before the answer */
  #member = null;
  #identity;
  /** @type {Claim[]} said and not answered yet; the server answers in order */
  #said = [];
  #isKnown = false; // on this connection

  /** @param {import("./identity.js").Identity} identity */
  constructor(identity) {
    this.#identity = identity;
  }

  /** Who the server last said that this is. */
  get member() {
    return this.#member;
  }

  /** A connection has opened. */
  begin() {
    this.#said = [];
    this.#isKnown = false;
  }

  /** The payload of the `authenticate` that is to be sent now. */
  say() {
    const claim = this.#identity.claim;
    this.#said.push(claim);
    return authenticatePayload(claim);
  }

  /**
   * Whether what a member said was said here.
   * @param {Member | null} member
   */
  isOwn(member) {
    const self = this.#member ?? this.#identity.member;
    return member !== null && member.id === self?.id;
  }

  /**
   * Takes an answer to `authenticate`; null for any other frame.
   * @param {Frame} frame
   * @returns {Verdict | null}
   */
  hear({ action, ref, payload }) {
    const claim = ref === REF ? this.#said.shift() : undefined;
    if (claim === undefined) {
      return null;
    }
    if (action === "authenticated") {
      this.#identity.accepted(claim, payload ?? {});
      this.#member = payload?.member ?? null;
      this.#isKnown = true;
      return { known: true };
    }
    this.#identity.refused(claim, payload);
    return this.#isKnown ? {} : this.#refused(claim, payload);
  }

  /**
   * @param {Claim} claim
   * @param {import("./frames.js").Refusal | undefined} payload
   * @returns {Verdict}
   */
  #refused(claim, payload) {
    if (this.#identity.claim !== claim) {
      return { again: true };
    }
    const code = codeOf(payload);
    if (claim.token === undefined && code !== "not_authenticated") {
      this.#isKnown = true; // as a visitor, whatever it is called
      return { known: true };
    }
    if (payload?.retryable) {
      return { end: { code: TRY_LATER, reason: payload.detail, after_ms: payload.retry_after_ms } };
    }
    return { end: { code: NOT_AUTHENTICATED, reason: code, reconnect: false } };
  }
}
