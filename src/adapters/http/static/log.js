// A bounded list of messages that follows its end, as long as the reader is at the end.

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
  #waiting = []; // rows not yet drawn
  #cursors = new Set(); // positions of the rows shown or waiting, so that none is shown twice
  #unseen = 0; // rows drawn below while the reader was further up
  #timer = null;

  constructor(list) {
    this.#list = list;
    this.#scroller = list.closest('[role="log"]');
    this.#newest = newestButton();
    this.#scroller.after(this.#newest);
    this.#newest.addEventListener("click", () => this.#follow());
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    // A neighbour that grows takes height from the log without a scroll event.
    new ResizeObserver(() => this.#following && this.#follow()).observe(this.#scroller);
  }

  /**
   * Adds a row. `kind`: said, notice, error or recovered. `tag` is a word before the text, `code` a value after it.
   * `earlier` marks a message whose time of sending is not known here. A `cursor` already shown adds nothing.
   */
  add({ text, kind = "said", tag = kind === "error" ? "Error" : "", code = "", cursor = null, earlier = false }) {
    if (cursor !== null && this.#cursors.has(cursor)) {
      return;
    }
    const row = drawRow({ text, kind, tag, code, earlier });
    if (cursor !== null) {
      row.dataset.cursor = cursor;
      this.#cursors.add(cursor);
    }
    this.#waiting.push(row);
    if (this.#waiting.length > MOST_ROWS) {
      this.#cursors.delete(this.#waiting.shift().dataset.cursor);
    }
    this.#timer ??= setTimeout(() => this.#draw(), DRAW_EVERY_MS);
  }

  clear() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#waiting = [];
    this.#cursors.clear();
    this.#list.replaceChildren();
    this.#following = true;
    this.#seen();
  }

  #draw() {
    this.#timer = null;
    const rows = this.#waiting;
    this.#waiting = [];
    this.#list.append(...rows);
    while (this.#list.children.length > MOST_ROWS) {
      this.#cursors.delete(this.#list.firstElementChild.dataset.cursor);
      this.#list.firstElementChild.remove();
    }
    if (this.#following) {
      this.#follow();
      return;
    }
    this.#unseen = Math.min(MOST_ROWS, this.#unseen + rows.length);
    this.#newest.textContent = `${this.#unseen} new ↓`;
    this.#newest.hidden = false;
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

function drawRow({ text, kind, tag, code, earlier }) {
  const row = document.createElement("li");
  row.className = "row";
  row.dataset.kind = kind;
  row.append(earlier ? element("span", "when", "earlier") : timeNow());
  const body = element("div", "body", "");
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
  const button = element("button", "newest", "");
  button.type = "button";
  button.hidden = true;
  button.dataset.role = "newest";
  return button;
}

function element(name, className, text) {
  const node = document.createElement(name);
  node.className = className;
  node.textContent = String(text ?? "");
  return node;
}
