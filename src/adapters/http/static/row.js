// One row of a log, drawn. Names and texts are others': they only ever become text.

import { element } from "./dom.js";

/**
 * @typedef {object} Row
 * @property {string} text
 * @property {string} [kind] said, notice, error or recovered
 * @property {string} [tag] a word before the text
 * @property {string} [code] a value after the text
 * @property {string} [id] of the message: it is shown once
 * @property {Date | null} [at] when it was said; now, if that isn't known
 * @property {boolean} [earlier] it is told again: if its time isn't known, that isn't now
 * @property {import("./frames.js").Member | null} [by] who said it
 * @property {import("./frames.js").Member | null} [about] whom a notice is about
 * @property {boolean} [own] it was said here
 */

const clock = new Intl.DateTimeFormat([], { timeStyle: "medium" });
const calendar = new Intl.DateTimeFormat([], { dateStyle: "full", timeStyle: "long" });

/** @param {Row} row */
export function drawRow(row) {
  const { kind = "said", by, own = false } = row;
  const item = element("li", "row");
  item.dataset.kind = kind;
  item.toggleAttribute("data-own", own);
  item.append(by ? drawSpeaker(by, own, drawTime(row)) : drawTime(row), drawBody(row));
  return item;
}

/**
 * @param {import("./frames.js").Member} member
 * @param {boolean} own
 * @param {HTMLElement} time
 */
function drawSpeaker({ name }, own, time) {
  const speaker = element("div", "speaker");
  const shown = element("bdi", "name", name); // a right-to-left name can't turn its neighbours around
  shown.title = name;
  speaker.append(shown, " ");
  if (own) {
    speaker.append(element("span", "you", "you"), " ");
  }
  speaker.append(time);
  return speaker;
}

/** @param {Row} row */
function drawBody({ text, kind, tag = kind === "error" ? "Error" : "", code }) {
  const body = element("div", "body");
  if (tag) {
    body.append(element("span", "tag", tag), " ");
  }
  const words = element("span", "text", text);
  words.dir = "auto";
  body.append(words);
  if (code) {
    body.append(" ", element("code", "data", code));
  }
  return body;
}

/** @param {Row} row */
function drawTime({ at, earlier }) {
  if (!at && earlier) {
    return element("span", "when", "earlier");
  }
  const moment = at ?? new Date();
  const time = element("time", "when", clock.format(moment));
  time.dateTime = moment.toISOString();
  time.title = calendar.format(moment);
  return time;
}
