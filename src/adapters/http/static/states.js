// The states of a connection, in words. What shows them is in state_badges.js.

/**
 * @typedef {object} State
 * @property {"connected" | "connecting" | "waiting" | "stopped"} name
 * @property {string} [why] what ended the connection before
 * @property {number} [seconds] how long it still waits
 * @property {boolean} [imposed] the server asked for this wait
 * @property {boolean} [fault] it stopped because trying again can't help
 * @property {number} [code] the close code of such a stop
 * @property {string} [word] replaces the usual word, on a card that has no connection
 */

const ACTIONS = { connected: "Disconnect", connecting: "Cancel", waiting: "Retry now", stopped: "Connect" };

/** @param {State} state */
export function stateWord({ name, word, fault, seconds }) {
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

/**
 * What a click on the card's button does next, or null where there is no connection to act on.
 * @param {State} state
 */
export function stateAction({ name, word }) {
  return word === undefined ? ACTIONS[name] : null;
}
