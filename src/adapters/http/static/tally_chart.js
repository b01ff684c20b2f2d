// Counts by event name as horizontal bars, the largest first.

// More bars can't be compared at a glance; the rest is summed up in one line.
const MOST_BARS = 6;
const DRAW_EVERY_MS = 100;

export class TallyChart {
  #list;
  #totalPlace;
  #counts = new Map();
  #total = 0;
  #bars = new Map(); // event name → its row, kept so that a bar grows instead of being drawn anew
  #timer = null;

  constructor(list, totalPlace) {
    this.#list = list;
    this.#totalPlace = totalPlace;
  }

  replace(counts, total) {
    this.#counts = new Map(Object.entries(counts));
    this.#total = total ?? 0;
    this.#drawSoon();
  }

  set(name, count, total) {
    this.#counts.set(name, count);
    this.#total = total ?? this.#total;
    this.#drawSoon();
  }

  #drawSoon() {
    this.#timer ??= setTimeout(() => this.#draw(), DRAW_EVERY_MS);
  }

  #draw() {
    this.#timer = null;
    const ranked = [...this.#counts].sort(([a, m], [b, n]) => n - m || a.localeCompare(b));
    const shown = ranked.slice(0, MOST_BARS);
    const longest = shown[0]?.[1] || 1;
    const rows = shown.map(([name, count]) => this.#bar(name, count, count / longest));
    this.#bars = new Map(rows.map((row) => [row.dataset.event, row]));
    const hidden = ranked.length - shown.length;
    if (hidden > 0) {
      rows.push(restRow(hidden));
    }
    this.#arrange(rows);
    this.#totalPlace.textContent = this.#total.toLocaleString();
  }

  #bar(name, count, share) {
    const row = this.#bars.get(name) ?? newBar(name);
    row.querySelector(".amount").textContent = count.toLocaleString();
    row.querySelector(".fill").style.setProperty("--share", share.toFixed(4));
    return row;
  }

  /** Puts `rows` in order, moving only those that stand elsewhere. */
  #arrange(rows) {
    rows.forEach((row, place) => {
      const there = this.#list.children[place];
      if (there !== row) {
        this.#list.insertBefore(row, there ?? null);
      }
    });
    while (this.#list.children.length > rows.length) {
      this.#list.lastElementChild.remove();
    }
  }
}

function newBar(name) {
  const row = document.createElement("li");
  row.className = "bar";
  row.dataset.event = name;
  row.append(span("event", name), span("amount", ""), span("track", ""));
  row.querySelector(".event").dir = "auto";
  row.querySelector(".event").title = name;
  row.querySelector(".track").append(span("fill", ""));
  return row;
}

function restRow(hidden) {
  const row = document.createElement("li");
  row.className = "rest";
  row.textContent = `and ${hidden} more`;
  return row;
}

function span(className, text) {
  const node = document.createElement("span");
  node.className = className;
  node.textContent = text;
  return node;
}
