import assert from "node:assert/strict";
import { test } from "node:test";
import { conversationRow, decode, errorText, memberOf, plural, timeOf } from "../../src/adapters/http/static/frames.js";

test("a frame is JSON with an action", () => {
  assert.deepEqual(decode('{"action": "chat", "payload": {"message": "hi"}}'), {
    action: "chat",
    payload: { message: "hi" },
  });
  for (const text of ["", "{", "null", "7", "[]", "{}", '{"action": 7}', '"action"']) {
    assert.equal(decode(text), null, text);
  }
});

test("who said something is a member with a name, or nobody", () => {
  const member = { id: "m-1", name: "Ada" };
  assert.deepEqual(memberOf({ action: "a", payload: { member: { ...member, more: 1 } } }), member);
  for (const payload of [
    undefined,
    null,
    {},
    { member: null },
    { member: "Ada" },
    { member: { id: 1, name: "Ada" } },
  ]) {
    assert.equal(memberOf({ action: "a", payload }), null);
  }
});

test("a time is a moment that a date can hold, or none", () => {
  assert.equal(timeOf({ action: "a", at: 1_700_000_000_123 })?.toISOString(), "2023-11-14T22:13:20.123Z");
  for (const at of [undefined, null, "1700000000123", Number.NaN, 1e300]) {
    assert.equal(timeOf({ action: "a", at }), null);
  }
});

test("in a conversation, a member speaks, comes or goes, and nobody announces", () => {
  const row = (message, member) => conversationRow({ action: "a", payload: { message, member } }, "💬 ");
  const member = { id: "m-1", name: "Ada" };
  assert.deepEqual(row("💬 hi", member), { text: "💬 hi" });
  assert.deepEqual(row("📢 Ada joined the chat", member), { text: "📢 Ada joined the chat", kind: "notice" });
  assert.deepEqual(row("Tea at four", undefined), { text: "Tea at four", tag: "announcement" });
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
