import assert from "node:assert/strict";
import { test } from "node:test";
import { Recovery, recoveredText } from "../../src/adapters/http/static/recovery.js";

test("a recovery says how much was missed, and a gap says why", () => {
  assert.equal(recoveredText({ recovered: true, missed: 1 }), "Caught up, 1 missed message");
  assert.equal(recoveredText({ recovered: true }), "Caught up, 0 missed messages");
  const gap = (reason) => recoveredText({ recovered: false, missed: 0, reason });
  assert.equal(gap("trimmed"), "Could not be recovered: trimmed (there were too many)");
  assert.equal(gap("new_reason"), "Could not be recovered: new_reason");
  assert.equal(recoveredText(null), "Could not be recovered: unknown reason");
});

test("a return is told by the first frame after a connection that brought something", () => {
  const recovery = new Recovery();
  assert.deepEqual([recovery.arrived(), recovery.arrived()], [false, false]);
  assert.equal(recovery.ended(), true);
  assert.equal(recovery.ended(), false); // opened and broke at once: nothing to tell
  assert.deepEqual([recovery.arrived(), recovery.arrived()], [true, false]);
});

test("as many frames are marked as were missed, and only those with a position", () => {
  const recovery = new Recovery();
  recovery.begin({ recovered: true, missed: 2 });
  const marked = [{ cursor: "1" }, {}, { cursor: "2" }, { cursor: "3" }].map((frame) => recovery.mark(frame));
  assert.deepEqual(marked, [{ cursor: "1", replayed: true }, {}, { cursor: "2", replayed: true }, { cursor: "3" }]);
});

test("what is left of a position that was not honoured is marked, too", () => {
  const recovery = new Recovery();
  recovery.begin({ recovered: false, missed: 1, reason: "trimmed" });
  assert.equal(recovery.mark({ cursor: "1" }).replayed, true);
});

test("catching up right after the history is not worth a word, a gap or a return is", () => {
  const recovery = new Recovery();
  recovery.arrived();
  assert.equal(recovery.begin({ recovered: true, missed: 3 }), false);
  assert.equal(recovery.begin({ recovered: false, missed: 0 }), true);
  recovery.ended();
  recovery.arrived();
  assert.equal(recovery.begin({ recovered: true, missed: 0 }), true);
});
