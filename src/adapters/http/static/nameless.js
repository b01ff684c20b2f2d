// Notices of who came and went, told before their member had a name. Once the name is known, they say it.

/** @typedef {import("./frames.js").Member} Member */

// What the server calls everybody who has no name.
export const NAMELESS = "Someone";

export class Nameless {
  /** @type {Map<string, Set<{textContent: string | null}>>} the texts of a member's notices, by its id */
  #texts = new Map();

  /**
   * Takes the text of a notice about a member, if it tells of it without a name.
   * @param {Member} member
   * @param {{textContent: string | null}} text
   */
  keep({ id, name }, text) {
    if (name === NAMELESS) {
      this.#texts.set(id, (this.#texts.get(id) ?? new Set()).add(text));
    }
  }

  /**
   * A member's name is known.
   * @param {Member | null | undefined} member
   */
  tell(member) {
    if (!member || member.name === NAMELESS) {
      return;
    }
    for (const text of this.#texts.get(member.id) ?? []) {
      text.textContent = text.textContent?.replace(NAMELESS, () => member.name) ?? null;
    }
    this.#texts.delete(member.id);
  }

  /**
   * A text is shown no more.
   * @param {{textContent: string | null}} text
   */
  forget(text) {
    for (const [id, texts] of this.#texts) {
      if (texts.delete(text) && texts.size === 0) {
        this.#texts.delete(id);
      }
    }
  }

  clear() {
    this.#texts.clear();
  }
}
