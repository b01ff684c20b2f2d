// What a job has written so far, put together from the frames of `job_output`. Rules only.

/**
 * @typedef {object} OutputPart the payload of `job_output`
 * @property {string} job_id
 * @property {number} attempt
 * @property {number} at how many characters (code points) came before
 * @property {string} [append] what came then
 * @property {string} [text] all of it, instead
 */

export class JobOutput {
  text = "";
  #length = 0;
  #attempt = 0;

  /**
   * False if something before this part is missing: `job_watch` brings it.
   * @param {OutputPart} part
   */
  take({ attempt, at, append, text }) {
    if (attempt < this.#attempt) {
      return true; // a later attempt has begun, and whatever this one wrote is known
    }
    if (at > this.#length) {
      return false;
    }
    this.#attempt = attempt;
    const kept = at === this.#length ? this.text : [...this.text].slice(0, at).join("");
    const more = append ?? text ?? "";
    this.text = kept + more;
    this.#length = at + [...more].length;
    return true;
  }
}
