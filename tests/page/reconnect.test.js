import assert from "node:assert/strict";
import { test } from "node:test";
import { afterClose, backoff, reasonFor } from "../../src/adapters/http/static/reconnect.js";

const lowest = () => 0;
const highest = () => 1;

function ended({ code = 1006, words = "", disconnect = null, attempt = 0 }, random = highest) {
  return afterClose({ code, words, disconnect, attempt }, random);
}

test("a delay doubles with every failure, half of it random", () => {
  assert.deepEqual(
    [0, 1, 2, 3].map((attempt) => backoff(attempt, lowest)),
    [250, 500, 1000, 2000],
  );
  assert.deepEqual(
    [0, 1, 2, 3].map((attempt) => backoff(attempt, highest)),
    [500, 1000, 2000, 4000],
  );
});

test("no delay is longer than half a minute, however many failed before", () => {
  for (const attempt of [6, 16, 17, 5000]) {
    assert.equal(backoff(attempt, highest), 30_000);
  }
});

test("the server's own words win over the page's, and an unknown code is named", () => {
  assert.equal(reasonFor(1012, "deploying"), "deploying");
  assert.equal(reasonFor(1012, ""), "the server is restarting");
  assert.equal(reasonFor(4999, ""), "closed with code 4999");
});

test("a connection that broke is tried again after the back-off", () => {
  const why = "the connection broke";
  assert.deepEqual(ended({ attempt: 1 }), { stop: false, why, imposed: false, delay: 1000 });
});

test("a delay that the server named is kept as it is", () => {
  const disconnect = { code: 1012, reason: "restarting", reconnect: true, after_ms: 777 };
  assert.deepEqual(ended({ code: 1012, disconnect, attempt: 9 }), {
    stop: false,
    why: "restarting",
    imposed: true,
    delay: 777,
  });
});

test("a delay of nothing is a delay, one that makes no sense is not", () => {
  assert.equal(ended({ disconnect: { after_ms: 0 } }).imposed, true);
  for (const after_ms of [-1, Number.POSITIVE_INFINITY, "5", null, undefined]) {
    assert.equal(ended({ disconnect: { after_ms } }).imposed, false);
  }
});

test("a connection stays away where trying again can't help", () => {
  for (const code of [4400, 4401, 4403]) {
    assert.equal(ended({ code }).stop, true);
    assert.equal(ended({ disconnect: { code } }).stop, true);
  }
  for (const code of [1000, 1001, 1006, 1012, 4408, 4429]) {
    assert.equal(ended({ code }).stop, false);
  }
});

test("the server may ask a client to stay away", () => {
  const disconnect = { code: 4408, reason: "go", reconnect: false, after_ms: 10 };
  assert.deepEqual(ended({ code: 4408, disconnect }), { stop: true, why: "go", code: 4408 });
});
