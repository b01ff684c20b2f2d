import assert from "node:assert/strict";
import { test } from "node:test";
import { JobOutput } from "../../src/adapters/http/static/job_output.js";

const ID = "a";

function after(...parts) {
  const output = new JobOutput();
  const taken = parts.map((part) => output.take({ job_id: ID, attempt: 1, ...part }));
  return { text: output.text, taken };
}

test("parts are put together where they belong, by characters and not by halves of them", () => {
  const parts = [
    { at: 0, append: "😀 a" },
    { at: 3, append: "b" },
    { at: 2, append: "c😀" },
  ];
  assert.deepEqual(after(...parts), { text: "😀 c😀", taken: [true, true, true] });
});

test("whoever comes later gets all of it, and what is in it already changes nothing", () => {
  const late = { at: 4, append: "t" };
  const all = { at: 0, text: "one two" };
  const parts = [late, all, { at: 4, append: "two" }, { at: 7, append: " three" }];
  assert.deepEqual(after(...parts), { text: "one two three", taken: [false, true, true, true] });
});

test("a later attempt goes on, or starts again, and an earlier one is not heard any more", () => {
  const parts = [
    { at: 0, append: "one" },
    { at: 3, append: " two", attempt: 2 },
    { at: 0, append: "lost" },
    { at: 0, append: "else", attempt: 3 },
  ];
  assert.equal(after(...parts.slice(0, 3)).text, "one two");
  assert.equal(after(...parts).text, "else");
});
