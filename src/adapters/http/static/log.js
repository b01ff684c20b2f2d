// A bounded list of messages that follows its end, as long as the reader is at the end.

import { element } from "./dom.js";

/**
 * @typedef {object} Row
 * @property {string} text
 * @property {string} [kind] said, notice, error or recovered
 * @property {string} [tag] a word before the text
 * @property {string} [code] a value after the text
 * @property {string} [cursor] the position of the message, or of the one before a notice
 * @property {boolean} [earlier] it is told again: its time is not known here, and one already shown adds nothing
 */

// A busy lane brings hundreds of messages a second; older rows can't be read any more anyway.
const MOST_ROWS = 300;
// Rows that arrive together are drawn together: one layout for each batch, not for each message.
const DRAW_EVERY_MS = 16;
// Within this distance the reader counts as being at the bottom (zoom makes positions fractional).
const NEAR_BOTTOM_PX = 24;

const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

export class MessageLog {
  #list;
  #scroller;
  #newest; // the button that leads back to the end
  #following = true; // the reader is at the end and wants to stay there
  /** @type {HTMLElement[]} rows not yet drawn */
  #waiting = [];
  /** @type {Set<string>} positions of the rows shown or waiting, so that none is shown twice */
  #cursors = new Set();
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
    const { cursor } = row;
    if (cursor && row.earlier && this.#cursors.has(cursor)) {
      return;
    }
    const drawn = drawRow(row);
    if (cursor) {
      drawn.dataset.cursor = cursor;
      this.#cursors.add(cursor);
    }
    this.#waiting.push(drawn);
    if (this.#waiting.length > MOST_ROWS) {
      this.#forget(this.#waiting.shift());
    }
    this.#timer ||= setTimeout(() => this.#draw(), DRAW_EVERY_MS);
  }

  clear() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#waiting = [];
    this.#cursors.clear();
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
      this.#cursors.delete(row.dataset.cursor ?? "");
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

/** @param {Row} row */
function drawRow({ text, kind = "said", tag = kind === "error" ? "Error" : "", code, earlier }) {
  const row = element("li", "row");
  row.dataset.kind = kind;
  row.append(earlier ? element("span", "when", "earlier") : timeNow());
  const body = element("div", "body");
  if (tag) {
    body.append(element("span", "tag", tag), " ");
  }
  const words = element("span", "text", text);
  words.dir = "auto"; // a right-to-left message can't turn its neighbours around
  body.append(words);
  if (code) {
    body.append(" ", element("code", "data", code));
  }
  row.append(body);
  return row;
}

function timeNow() {
  const now = new Date();
  const time = element("time", "when", clock.format(now));
  time.dateTime = now.toISOString();
  return time;
}

function newestButton() {
  const button = element("button", "newest");
  button.type = "button";
  button.hidden = true;
  button.dataset.role = "newest";
  return button;
}
