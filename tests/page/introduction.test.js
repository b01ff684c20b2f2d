import assert from "node:assert/strict";
import { test } from "node:test";
import { Identity } from "../../src/adapters/http/static/identity.js";
import { Introduction, REF } from "../../src/adapters/http/static/introduction.js";

const ADA = { id: "m-ada", name: "Ada" };
const TOKEN = "eyJhbGciOiJIUzI1NiJ9.e30.c2ln";
const NOT_AUTHENTICATED = { code: "not_authenticated", detail: "First say who you are.", retryable: false };

/** One card's introduction on a connection that has just opened. */
function open(identity = new Identity(null)) {
  const introduction = new Introduction(identity);
  introduction.begin();
  return { identity, introduction };
}

function taken(introduction, member = ADA) {
  return introduction.hear({ action: "authenticated", ref: REF, payload: { member, expires_at: null, revoked: [] } });
}

function refused(introduction, payload) {
  return introduction.hear({ action: "error", ref: REF, payload });
}

test("frames that answer something else are left to others", () => {
  const { introduction } = open();
  introduction.say();
  for (const frame of [
    { action: "error", payload: NOT_AUTHENTICATED },
    { action: "error", payload: {}, ref: "another" },
    { action: "chat_notification", payload: { message: "💬 hi" } },
  ]) {
    assert.equal(introduction.hear(frame), null);
  }
});

test("an answer to nothing that was said is no answer", () => {
  const { introduction } = open();
  assert.equal(taken(introduction), null);
  introduction.say();
  introduction.begin(); // the connection was lost, and with it the answer
  assert.equal(taken(introduction), null);
});

test("whoever is known may go on, and knows its own messages", () => {
  const { introduction } = open();
  assert.deepEqual(introduction.say(), { name: "Someone" });
  assert.equal(introduction.isOwn(ADA), false);
  assert.deepEqual(taken(introduction), { known: true });
  assert.equal(introduction.isOwn({ id: "m-ada", name: "another name" }), true);
  assert.equal(introduction.isOwn({ id: "m-bob", name: "Ada" }), false);
  assert.equal(introduction.isOwn(null), false);
});

test("who one was counts until the next answer, and what another card learnt before the first", () => {
  const { identity, introduction } = open();
  introduction.say();
  taken(introduction);
  introduction.begin();
  assert.equal(introduction.isOwn(ADA), true);
  assert.equal(open(identity).introduction.isOwn(ADA), true);
});

test("answers belong to what was said, in order", () => {
  const { identity, introduction } = open();
  introduction.say();
  identity.choose("Ada");
  introduction.say();
  taken(introduction);
  assert.equal(identity.name, ""); // the first answer doesn't take the name
  taken(introduction);
  assert.equal(identity.name, "Ada");
});

test("a name that is refused on a connection which is known changes nothing there", () => {
  const { identity, introduction } = open();
  introduction.say();
  taken(introduction);
  identity.choose("\u202e");
  introduction.say();
  assert.deepEqual(refused(introduction, { code: "member_name_is_impossible", detail: "No." }), {});
  assert.equal(identity.refusals.name, "No.");
});

test("a new name that is refused first of all has the old one said", () => {
  const { identity, introduction } = open();
  identity.choose("\u202e");
  introduction.say();
  assert.deepEqual(refused(introduction, { code: "member_name_is_impossible" }), { again: true });
  assert.deepEqual(introduction.say(), { name: "Someone" });
});

test("a name that can't be taken now doesn't keep anybody out", () => {
  const { introduction } = open();
  introduction.say();
  assert.deepEqual(refused(introduction, { code: "rate_limited", retryable: true }), { known: true });
});

test("where a token is wanted, the connection ends and stays away", () => {
  const { identity, introduction } = open();
  introduction.say();
  assert.deepEqual(refused(introduction, NOT_AUTHENTICATED), {
    end: { code: 4401, reason: "not_authenticated", reconnect: false },
  });
  assert.equal(identity.wantsToken, true);
});

test("a new token that is refused has the name said, which another server may take", () => {
  const { identity, introduction } = open();
  identity.signIn(TOKEN);
  assert.deepEqual(introduction.say(), { token: TOKEN });
  assert.deepEqual(refused(introduction, { code: "token_invalid", detail: "No." }), { again: true });
  assert.equal(identity.refusals.token, "No.");
});

test("a token that held and is refused ends the connection", () => {
  const { identity, introduction } = open();
  identity.signIn(TOKEN);
  introduction.say();
  taken(introduction);
  introduction.begin();
  introduction.say();
  assert.deepEqual(refused(introduction, { code: "token_revoked", detail: "It was.", retryable: false }), {
    end: { code: 4401, reason: "token_revoked", reconnect: false },
  });
});

test("a token that held and can't be judged now is tried again later", () => {
  const { identity, introduction } = open();
  identity.signIn(TOKEN);
  introduction.say();
  taken(introduction);
  introduction.begin();
  introduction.say();
  const busy = { code: "unavailable", detail: "No keys yet.", retryable: true, retry_after_ms: 2000 };
  assert.deepEqual(refused(introduction, busy), { end: { code: 1013, reason: "No keys yet.", after_ms: 2000 } });
});
