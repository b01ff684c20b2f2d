// A bounded list of messages that follows its end, as long as the reader is at the end.

import { element, find } from "./dom.js";
import { Nameless } from "./nameless.js";
import { drawRow } from "./row.js";

/** @typedef {import("./row.js").Row} Row */

// A busy lane brings hundreds of messages a second; older rows can't be read any more anyway.
const MOST_ROWS = 300;
// Rows that arrive together are drawn together: one layout for each batch, not for each message.
const DRAW_EVERY_MS = 16;
// Within this distance the reader counts as being at the bottom (zoom makes positions fractional).
const NEAR_BOTTOM_PX = 24;

export class MessageLog {
  #list;
  #scroller;
  #newest; // the button that leads back to the end
  #following = true; // the reader is at the end and wants to stay there
  /** @type {HTMLElement[]} rows not yet drawn */
  #waiting = [];
  /** @type {Set<string>} ids of the messages shown or waiting, so that none is shown twice */
  #ids = new Set();
  #nameless = new Nameless();
  #unseen = 0; // rows drawn below while the reader was further up
  #timer = 0; // of the next drawing; 0 is no timer

  /** @param {HTMLElement} list stands in the element that scrolls */
  constructor(list) {
    this.#list = list;
    this.#scroller = /** @type {HTMLElement} */ (list.closest('[role="log"]'));
    this.#newest = newestButton();
    this.#scroller.after(this.#newest);
    this.#newest.addEventListener("click", () => this.#follow());
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    // A neighbour that grows takes height from the log without a scroll event.
    new ResizeObserver(() => this.#following && this.#follow()).observe(this.#scroller);
  }

  /** @param {Row} row */
  add(row) {
    const { id, by, about } = row;
    this.meet(by ?? about);
    if (id && this.#ids.has(id)) {
      return;
    }
    const drawn = drawRow(row);
    if (about) {
      this.#nameless.keep(about, textOf(drawn));
    }
    if (id) {
      drawn.dataset.messageId = id;
      this.#ids.add(id);
    }
    this.#waiting.push(drawn);
    if (this.#waiting.length > MOST_ROWS) {
      this.#forget(this.#waiting.shift());
    }
    this.#timer ||= setTimeout(() => this.#draw(), DRAW_EVERY_MS);
  }

  /**
   * A member's name is known: notices that were about someone say it.
   * @param {import("./frames.js").Member | null | undefined} member
   */
  meet(member) {
    this.#nameless.tell(member);
  }

  clear() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#waiting = [];
    this.#ids.clear();
    this.#nameless.clear();
    this.#list.replaceChildren();
    this.#following = true;
    this.#seen();
  }

  #draw() {
    this.#timer = 0;
    const rows = this.#waiting;
    this.#waiting = [];
    this.#list.append(...rows);
    while (this.#list.children.length > MOST_ROWS) {
      this.#forget(this.#list.firstElementChild);
    }
    if (this.#following) {
      this.#follow();
      return;
    }
    this.#unseen = Math.min(MOST_ROWS, this.#unseen + rows.length);
    this.#newest.textContent = `${this.#unseen} new ↓`;
    this.#newest.hidden = false;
  }

  /** @param {Element | null | undefined} row */
  #forget(row) {
    if (row instanceof HTMLElement) {
      this.#ids.delete(row.dataset.messageId ?? "");
      this.#nameless.forget(textOf(row));
      row.remove();
    }
  }

  #scrolled() {
    const { scrollTop, clientHeight, scrollHeight } = this.#scroller;
    this.#following = scrollHeight - scrollTop - clientHeight <= NEAR_BOTTOM_PX;
    if (this.#following) {
      this.#seen();
    }
  }

  #follow() {
    this.#following = true;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#seen();
  }

  #seen() {
    this.#unseen = 0;
    this.#newest.hidden = true;
  }
}

/** @param {HTMLElement} row */
function textOf(row) {
  return find(row, ".text");
}

function newestButton() {
  const button = element("button", "newest");
  button.type = "button";
  button.hidden = true;
  button.dataset.role = "newest";
  return button;
}
