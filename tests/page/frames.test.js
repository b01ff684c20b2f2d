import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, errorText, plural } from "../../src/adapters/http/static/frames.js";

test("a frame is JSON with an action", () => {
  assert.deepEqual(decode('{"action": "chat", "payload": {"message": "hi"}}'), {
    action: "chat",
    payload: { message: "hi" },
  });
  for (const text of ["", "{", "null", "7", "[]", "{}", '{"action": 7}', '"action"']) {
    assert.equal(decode(text), null, text);
  }
});

test("problems of a frame are listed with their places", () => {
  const problems = [
    { type: "missing", loc: ["payload", "message"], msg: "Field required" },
    { type: "too_long", loc: [] },
    {},
  ];
  assert.equal(errorText(problems), "payload.message: Field required; too_long; not valid");
  assert.equal(errorText([null]), "not valid");
  assert.equal(errorText([]), "The server could not read this frame.");
});

test("a refusal is told by its detail, else by its code", () => {
  assert.equal(errorText({ code: "room_full", detail: "The room is full." }), "The room is full.");
  assert.equal(errorText({ code: "room_full" }), "room_full");
  for (const nothing of [{}, null, undefined]) {
    assert.equal(errorText(nothing), "The server refused this.");
  }
});

test("a refusal that may be tried again says when, in whole seconds", () => {
  const refusal = { detail: "Busy.", retryable: true };
  assert.equal(errorText({ ...refusal, retry_after_ms: 1001 }), "Busy. Try again in 2 s.");
  assert.equal(errorText({ ...refusal, retry_after_ms: 0 }), "Busy. Try again in 1 s.");
  assert.equal(errorText(refusal), "Busy. Try again in a moment.");
  assert.equal(errorText({ ...refusal, retryable: false, retry_after_ms: 5000 }), "Busy.");
});

test("one is one, everything else is many", () => {
  assert.deepEqual(
    [0, 1, 2].map((count) => plural(count, "member")),
    ["0 members", "1 member", "2 members"],
  );
});
