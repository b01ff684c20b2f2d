// How the page shows the state of its connections: a badge on each card, and all of them in the header.

const ACTIONS = new Map([
  ["connected", "Disconnect"],
  ["connecting", "Cancel"],
  ["waiting", "Retry now"],
  ["stopped", "Connect"],
]);

/**
 * Shows `state` on the card `root` and on its link in the header.
 * `state.word` replaces the usual word; a card that has one has no connection to act on.
 */
export function showState(root, state) {
  const shown = [root.querySelector('[data-role="state"]'), linkTo(root)];
  const word = wordFor(state);
  for (const place of shown) {
    place.dataset.state = state.name;
    place.toggleAttribute("data-fault", Boolean(state.fault));
    place.title = state.why ?? "";
    place.querySelector(".word").textContent = word;
  }
  const toggle = root.querySelector('[data-role="toggle"]');
  toggle.hidden = state.word !== undefined;
  toggle.textContent = ACTIONS.get(state.name);
  toggle.setAttribute("aria-label", `${ACTIONS.get(state.name)}: ${titleOf(root)}`);
}

/** Fills the header with one link for each card that has a connection. */
export function listStates(list) {
  for (const badge of document.querySelectorAll('section [data-role="state"]')) {
    const root = badge.closest("section");
    const link = document.createElement("a");
    link.className = "station";
    link.href = `#${root.id}`;
    link.dataset.socket = root.id.replace("panel-", "");
    link.dataset.state = badge.dataset.state;
    link.append(part("dot", ""), part("name", titleOf(root)), " ", part("word", badge.textContent.trim()));
    link.firstChild.ariaHidden = "true";
    const item = document.createElement("li");
    item.append(link);
    list.append(item);
  }
}

function wordFor({ name, word, fault, seconds }) {
  if (word !== undefined) {
    return word;
  }
  switch (name) {
    case "connected":
      return "Connected";
    case "connecting":
      return "Connecting";
    case "waiting":
      return `Waiting ${seconds} s`;
    default:
      return fault ? "Stopped" : "Disconnected";
  }
}

function linkTo(root) {
  return document.querySelector(`a.station[href="#${root.id}"]`);
}

function titleOf(root) {
  return root.querySelector("h2").textContent;
}

function part(className, text) {
  const node = document.createElement("span");
  node.className = className;
  node.textContent = text;
  return node;
}
