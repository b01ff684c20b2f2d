// Counts by event name as horizontal bars, the largest first.

import { element, find } from "./dom.js";
import { Tally } from "./tally.js";

// More bars can't be compared at a glance; the rest is summed up in one line.
const MOST_BARS = 6;
const DRAW_EVERY_MS = 100;

export class TallyChart {
  #list;
  #totalPlace;
  #tally = new Tally();
  /** @type {Map<string, HTMLElement>} event name → its row, kept so that a bar grows instead of being drawn anew */
  #bars = new Map();
  /** @type {number | null} */
  #timer = null;

  /**
   * @param {HTMLElement} list
   * @param {HTMLElement} totalPlace
   */
  constructor(list, totalPlace) {
    this.#list = list;
    this.#totalPlace = totalPlace;
  }

  /**
   * @param {Record<string, number>} counts
   * @param {number} total
   */
  replace(counts, total) {
    this.#tally.replace(counts, total);
    this.#drawSoon();
  }

  /**
   * @param {string} name
   * @param {number} count
   * @param {number | null} [total]
   */
  set(name, count, total) {
    this.#tally.set(name, count, total);
    this.#drawSoon();
  }

  #drawSoon() {
    this.#timer ??= setTimeout(() => this.#draw(), DRAW_EVERY_MS);
  }

  #draw() {
    this.#timer = null;
    const { bars, hidden } = this.#tally.top(MOST_BARS);
    this.#bars = new Map(bars.map((bar) => [bar.name, this.#row(bar)]));
    const rows = [...this.#bars.values()];
    if (hidden > 0) {
      rows.push(element("li", "rest", `and ${hidden} more`));
    }
    this.#arrange(rows);
    this.#totalPlace.textContent = this.#tally.total.toLocaleString();
  }

  /** @param {{name: string, count: number, share: number}} bar */
  #row({ name, count, share }) {
    const row = this.#bars.get(name) ?? newRow(name);
    find(row, ".amount").textContent = count.toLocaleString();
    find(row, ".fill").style.setProperty("--share", share.toFixed(4));
    return row;
  }

  /**
   * Puts `rows` in order, moving only those that stand elsewhere.
   * @param {HTMLElement[]} rows
   */
  #arrange(rows) {
    rows.forEach((row, place) => {
      const there = this.#list.children[place];
      if (there !== row) {
        this.#list.insertBefore(row, there ?? null);
      }
    });
    while (this.#list.children.length > rows.length) {
      this.#list.lastElementChild?.remove();
    }
  }
}

/** @param {string} name */
function newRow(name) {
  const row = element("li", "bar");
  row.dataset.event = name;
  const event = element("span", "event", name);
  event.dir = "auto";
  event.title = name;
  const track = element("span", "track");
  track.append(element("span", "fill"));
  row.append(event, element("span", "amount"), track);
  return row;
}
