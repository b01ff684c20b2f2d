import assert from "node:assert/strict";
import { test } from "node:test";
import { stateAction, stateWord } from "../../src/adapters/http/static/states.js";

test("every state has a word and a next action", () => {
  const told = (state) => [stateWord(state), stateAction(state)];
  assert.deepEqual(told({ name: "connecting" }), ["Connecting", "Cancel"]);
  assert.deepEqual(told({ name: "connected" }), ["Connected", "Disconnect"]);
  assert.deepEqual(told({ name: "waiting", seconds: 3 }), ["Waiting 3 s", "Retry now"]);
  assert.deepEqual(told({ name: "stopped" }), ["Disconnected", "Connect"]);
  assert.deepEqual(told({ name: "stopped", fault: true }), ["Stopped", "Connect"]);
});

test("a card with a word of its own has no connection to act on", () => {
  assert.equal(stateWord({ name: "stopped", word: "Not joined" }), "Not joined");
  assert.equal(stateAction({ name: "stopped", word: "Not joined" }), null);
});
