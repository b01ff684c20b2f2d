// The form of a card: what is written in it is sent, or it says why not.

import { fieldOf, partOf } from "./dom.js";
import { NotSent } from "./socket.js";

export class SayForm {
  #refusal;

  /**
   * `say(text)` sends, or throws `NotSent` with the words to show.
   * @param {HTMLElement} root
   * @param {(text: string) => void} say
   */
  constructor(root, say) {
    this.input = fieldOf(root, "input");
    this.#refusal = partOf(root, "refusal");
    this.input.addEventListener("input", () => this.refuse(""));
    partOf(root, "form").addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.attempt(() => say(this.input.value))) {
        this.input.value = "";
      }
      this.input.focus();
    });
  }

  /** @param {string} words */
  refuse(words) {
    this.#refusal.textContent = words;
    this.#refusal.hidden = words === "";
  }

  /**
   * Does `send`, or shows why it throws `NotSent`. True when it was done.
   * @param {() => void} send
   */
  attempt(send) {
    try {
      send();
    } catch (error) {
      if (!(error instanceof NotSent)) {
        throw error;
      }
      this.refuse(error.message);
      return false;
    }
    this.refuse("");
    return true;
  }
}

/**
 * The text a form holds, or a refusal when there is nothing in it.
 * @param {string} text
 */
export function written(text, asked = "Write something first.") {
  if (text.trim() === "") {
    throw new NotSent(asked);
  }
  return text;
}
