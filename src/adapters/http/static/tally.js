// How often each event was recorded, and which of them to show.

export class Tally {
  total = 0;
  /** @type {Map<string, number>} */
  #counts = new Map();

  /**
   * @param {Record<string, number>} counts
   * @param {number} total of all events, also those not counted by name
   */
  replace(counts, total) {
    this.#counts = new Map(Object.entries(counts));
    this.total = total;
  }

  /**
   * @param {string} name
   * @param {number} count
   * @param {number | null} [total]
   */
  set(name, count, total) {
    this.#counts.set(name, count);
    this.total = total ?? this.total;
  }

  /**
   * The largest counts, at most `most`; each has a `share` of the largest. `hidden` is how many names are left out.
   * @param {number} most
   */
  top(most) {
    const ranked = [...this.#counts].sort(([a, m], [b, n]) => n - m || a.localeCompare(b));
    const longest = ranked[0]?.[1] || 1;
    const bars = ranked.slice(0, most).map(([name, count]) => ({ name, count, share: count / longest }));
    return { bars, hidden: ranked.length - bars.length };
  }
}
