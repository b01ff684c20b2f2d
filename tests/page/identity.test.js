import assert from "node:assert/strict";
import { test } from "node:test";
import { authenticatePayload, Identity } from "../../src/adapters/http/static/identity.js";

const KEY = "switchboard.name";
const TOKEN = "eyJhbGciOiJIUzI1NiJ9.e30.c2ln";
const IMPOSSIBLE = { code: "member_name_is_impossible", detail: "Not a name." };

/** What a browser keeps, as a Map, and an identity over it. */
function start(name) {
  const kept = new Map(name === undefined ? [] : [[KEY, name]]);
  const storage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
  };
  return { kept, identity: new Identity(storage) };
}

function answer(name, extra = {}) {
  return { member: { id: "m-1", name }, expires_at: null, revoked: [], ...extra };
}

/** Takes the name or the token that is being tried. */
function accept(identity, payload) {
  identity.accepted(identity.claim, payload);
}

test("who has chosen nothing says the name that everybody has who has none", () => {
  const { identity } = start();
  assert.deepEqual(authenticatePayload(identity.claim), { name: "Someone" });
  assert.equal(identity.name, "");
});

test("a name is kept once the server has taken it, and said again by the next visit", () => {
  const { identity, kept } = start();
  assert.equal(identity.choose("  Ada "), true);
  assert.deepEqual(authenticatePayload(identity.claim), { name: "Ada" });
  assert.equal(kept.size, 0);
  accept(identity, answer("Ada"));
  assert.deepEqual([...kept], [[KEY, "Ada"]]);
  assert.deepEqual(authenticatePayload(start("Ada").identity.claim), { name: "Ada" });
});

test("an empty name forgets the one before", () => {
  const { identity, kept } = start("Ada");
  assert.equal(identity.choose(" "), true);
  assert.deepEqual(authenticatePayload(identity.claim), { name: "Someone" });
  accept(identity, answer("Someone"));
  assert.equal(kept.size, 0);
  assert.equal(identity.name, "");
});

test("a name that holds already is nothing new to say", () => {
  assert.equal(start("Ada").identity.choose("Ada"), false);
  assert.equal(start().identity.choose(""), false);
});

test("a refused name is told and changes nothing", () => {
  const { identity, kept } = start("Ada");
  identity.choose("A\u202eda");
  identity.refused(identity.claim, IMPOSSIBLE);
  assert.equal(identity.refusals.name, "Not a name.");
  assert.equal(identity.name, "Ada");
  assert.deepEqual([...kept], [[KEY, "Ada"]]);
  identity.choose("Ada"); // the old one again: what was wrong is no more
  assert.equal(identity.refusals.name, "");
});

test("a kept name that the server doesn't take any more is forgotten, and only then", () => {
  const { identity, kept } = start("Ada");
  identity.refused(identity.claim, { code: "rate_limited", detail: "Slowly.", retryable: true });
  assert.equal(kept.get(KEY), "Ada");
  identity.refused(identity.claim, IMPOSSIBLE);
  assert.equal(kept.size, 0);
  assert.deepEqual(authenticatePayload(identity.claim), { name: "Someone" });
});

test("an answer to what was asked before the last thing settles nothing of that", () => {
  const { identity, kept } = start();
  identity.choose("Ada");
  const first = identity.claim;
  identity.choose("Bob");
  identity.accepted(first, answer("Ada"));
  assert.equal(kept.size, 0);
  assert.deepEqual(authenticatePayload(identity.claim), { name: "Bob" });
});

test("a token is said as it is, and is nowhere kept", () => {
  const { identity, kept } = start("Ada");
  assert.equal(identity.signIn(` Bearer ${TOKEN}\n`), true);
  assert.deepEqual(authenticatePayload(identity.claim), { token: TOKEN });
  assert.equal(identity.token, null); // nobody believes it yet
  accept(identity, answer("Ada L.", { expires_at: 1_800_000_000 }));
  assert.equal(identity.token, TOKEN);
  assert.equal(identity.expiresAt, 1_800_000_000);
  assert.equal(identity.name, "Ada L.");
  assert.deepEqual([...kept], [[KEY, "Ada"]]);
});

test("what can't be a token isn't sent", () => {
  const { identity } = start();
  for (const text of ["", "hello", "a.b", "a.b.c d", `a.b.${"c".repeat(8 * 1024)}`]) {
    assert.equal(identity.signIn(text), false, text.slice(0, 20));
    assert.match(identity.refusals.token, /^This is no token/);
    assert.deepEqual(authenticatePayload(identity.claim), { name: "Someone" });
  }
});

test("a refused token is told, and the one before still holds", () => {
  const { identity } = start();
  identity.signIn(TOKEN);
  accept(identity, answer("Ada"));
  identity.signIn("e30.e30.other");
  identity.refused(identity.claim, { code: "member_changed", detail: "This token is another member's." });
  assert.equal(identity.refusals.token, "This token is another member's.");
  assert.deepEqual(authenticatePayload(identity.claim), { token: TOKEN });
});

test("a token that isn't believed any more is not exchanged for a name", () => {
  const { identity } = start("Ada");
  identity.signIn(TOKEN);
  accept(identity, answer("Ada L."));
  identity.refused(identity.claim, { code: "token_expired", detail: "It has expired." });
  assert.deepEqual(authenticatePayload(identity.claim), { token: TOKEN });
});

test("signing out goes back to the kept name", () => {
  const { identity } = start("Ada");
  identity.signIn(TOKEN);
  accept(identity, answer("Ada L.", { expires_at: 1_800_000_000 }));
  identity.signOut();
  assert.equal(identity.token, null);
  assert.equal(identity.expiresAt, null);
  assert.equal(identity.isKnown, false);
  assert.deepEqual(authenticatePayload(identity.claim), { name: "Ada" });
});

test("a server that wants a token has it asked for, until one is taken", () => {
  const { identity } = start();
  identity.refused(identity.claim, { code: "not_authenticated", detail: "No." });
  assert.equal(identity.wantsToken, true);
  assert.equal(identity.refusals.name, ""); // the name isn't what is wrong
  identity.ended("this server wants a token");
  assert.equal(identity.note, "This server wants a token.");
  identity.signIn(TOKEN);
  accept(identity, answer("Ada"));
  assert.equal(identity.wantsToken, false);
  assert.equal(identity.note, "");
});

test("that a token expires is noted until a newer one is taken", () => {
  const { identity } = start();
  identity.signIn(TOKEN);
  accept(identity, answer("Ada", { expires_at: 1000 }));
  identity.expiring(60_000, 940_000);
  assert.equal(identity.expiresAt, 1000);
  assert.match(identity.note, /expires soon/);
  identity.signIn(TOKEN);
  accept(identity, answer("Ada", { expires_at: 2000 }));
  assert.equal(identity.note, "");
});

test("every change is told", () => {
  const { identity } = start();
  let changes = 0;
  identity.addEventListener("change", () => {
    changes += 1;
  });
  const acts = [
    () => identity.choose("Ada"),
    () => accept(identity, answer("Ada")),
    () => identity.signIn(TOKEN),
    () => identity.refused(identity.claim, null),
    () => identity.expiring(1),
    () => identity.ended(""),
    () => identity.signOut(),
  ];
  for (const [index, act] of acts.entries()) {
    act();
    assert.equal(changes, index + 1);
  }
});

test("without a storage, or with a full one, a name holds for the visit", () => {
  const full = {
    getItem: () => null,
    setItem: () => {
      throw new Error("QuotaExceededError");
    },
    removeItem: () => {},
  };
  for (const storage of [null, full]) {
    const identity = new Identity(storage);
    identity.choose("Ada");
    accept(identity, answer("Ada"));
    assert.deepEqual(authenticatePayload(identity.claim), { name: "Ada" });
  }
});
