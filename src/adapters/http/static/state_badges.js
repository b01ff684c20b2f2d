// Where the page shows the states of its connections: a badge on each card, and all of them in the header.

import { element, find, partOf } from "./dom.js";
import { stateAction, stateWord } from "./states.js";

/**
 * Shows `state` on the card `root` and on its link in the header.
 * @param {HTMLElement} root
 * @param {import("./states.js").State} state
 */
export function showState(root, state) {
  const word = stateWord(state);
  for (const place of [partOf(root, "state"), find(document, `a.station[href="#${root.id}"]`)]) {
    place.dataset.state = state.name;
    place.toggleAttribute("data-fault", Boolean(state.fault));
    place.title = state.why ?? "";
    find(place, ".word").textContent = word;
  }
  const toggle = partOf(root, "toggle");
  const action = stateAction(state);
  toggle.hidden = action === null;
  if (action !== null) {
    toggle.textContent = action;
    toggle.setAttribute("aria-label", `${action}: ${titleOf(root)}`);
  }
}

/**
 * Fills the header with one link for each card that has a connection.
 * @param {HTMLElement} list
 */
export function listStates(list) {
  for (const root of document.querySelectorAll("section")) {
    const badge = root.querySelector('[data-role="state"]');
    if (badge instanceof HTMLElement) {
      const item = document.createElement("li");
      item.append(linkTo(root, badge));
      list.append(item);
    }
  }
}

/**
 * @param {HTMLElement} root
 * @param {HTMLElement} badge
 */
function linkTo(root, badge) {
  const link = element("a", "station");
  link.href = `#${root.id}`;
  link.dataset.socket = root.id.replace("panel-", "");
  link.dataset.state = badge.dataset.state;
  const dot = element("span", "dot");
  dot.ariaHidden = "true";
  link.append(dot, element("span", "name", titleOf(root)), " ", element("span", "word", badge.textContent.trim()));
  return link;
}

/** @param {HTMLElement} root */
function titleOf(root) {
  return find(root, "h2").textContent;
}
