import assert from "node:assert/strict";
import { test } from "node:test";
import { Tally } from "../../src/adapters/http/static/tally.js";

test("the largest counts come first, the same counts by name", () => {
  const tally = new Tally();
  tally.replace({ b: 2, a: 2, c: 8 }, 20);
  assert.deepEqual(tally.top(9), {
    bars: [
      { name: "c", count: 8, share: 1 },
      { name: "a", count: 2, share: 0.25 },
      { name: "b", count: 2, share: 0.25 },
    ],
    hidden: 0,
  });
});

test("what is not shown is counted", () => {
  const tally = new Tally();
  tally.replace({ a: 3, b: 2, c: 1 }, 6);
  const { bars, hidden } = tally.top(2);
  assert.deepEqual([bars.length, hidden], [2, 1]);
});

test("an event moves its own count, and the total where it is told", () => {
  const tally = new Tally();
  tally.replace({ a: 1 }, 5);
  tally.set("a", 2, 6);
  tally.set("b", 1, null);
  assert.equal(tally.total, 6);
  assert.deepEqual(
    tally.top(9).bars.map(({ name, count }) => [name, count]),
    [
      ["a", 2],
      ["b", 1],
    ],
  );
});

test("a new tally replaces the old one", () => {
  const tally = new Tally();
  tally.set("gone", 9, 9);
  tally.replace({}, 0);
  assert.deepEqual(tally.top(9), { bars: [], hidden: 0 });
  assert.equal(tally.total, 0);
});

test("counts of nothing have no length", () => {
  const tally = new Tally();
  tally.replace({ a: 0 }, 0);
  assert.equal(tally.top(9).bars[0].share, 0);
});
