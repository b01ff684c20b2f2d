import assert from "node:assert/strict";
import { test } from "node:test";
import { socketAddress } from "../../src/adapters/http/static/address.js";
import { LiveSocket, NotSent } from "../../src/adapters/http/static/socket.js";
import { FakeBrowser } from "./fake_browser.js";

function start(t, options = {}) {
  const browser = new FakeBrowser(t);
  t.mock.method(Math, "random", () => 1); // the longest of the delays that may be drawn
  const frames = [];
  const states = [];
  const onFrame = (frame) => frames.push(frame);
  const onState = (state) => states.push(state);
  const live = new LiveSocket("/ws/reliable", { onFrame, onState, ...options });
  live.open();
  return { browser, live, frames, states };
}

function connect(t, options) {
  const started = start(t, options);
  started.browser.socket.accept();
  return started;
}

test("an address keeps to the page's server and names every position", () => {
  const address = socketAddress("/ws/room/tea%20%26%20cake", ["a b", "c&d"], "https://page.test:8443");
  assert.equal(address, "wss://page.test:8443/ws/room/tea%20%26%20cake?since=a+b&since=c%26d");
  assert.equal(socketAddress("/ws/chat", [], "http://page.test"), "ws://page.test/ws/chat");
});

test("a connection goes through connecting to connected", (t) => {
  const { states, browser } = connect(t);
  assert.deepEqual(
    states.map((state) => state.name),
    ["connecting", "connected"],
  );
  assert.deepEqual(browser.socket.since, []);
});

test("a connection that comes back asks for what follows the last durable frame", (t) => {
  const { browser } = connect(t);
  browser.socket.bring({ action: "a", cursor: "7-1" });
  browser.socket.bring({ action: "b" });
  browser.socket.end();
  browser.pass(500);
  assert.equal(browser.sockets.length, 2);
  assert.deepEqual(browser.socket.since, ["7-1"]);
});

test("a first connection begins after the cursor it was given", (t) => {
  assert.deepEqual(start(t, { cursor: "7-1" }).browser.socket.since, ["7-1"]);
});

test("a list of positions replaces the last cursor", (t) => {
  const { browser } = connect(t, { since: () => ["x", "y"] });
  browser.socket.bring({ action: "a", cursor: "7-1" });
  browser.socket.end();
  browser.pass(500);
  assert.deepEqual(browser.socket.since, ["x", "y"]);
});

test("frames are handed on in order, pongs and what is no frame are not", (t) => {
  const warnings = t.mock.method(console, "warn", () => {});
  const { browser, frames } = connect(t);
  for (const frame of [{ action: "a" }, { action: "pong", payload: null }, "{", "null", "[1]", { action: "b" }]) {
    browser.socket.bring(frame);
  }
  assert.deepEqual(frames, [{ action: "a" }, { action: "b" }]);
  assert.equal(warnings.mock.callCount(), 3);
});

test("a handshake without an answer is given up after ten seconds", (t) => {
  const { browser, states } = start(t);
  browser.pass(9_999);
  assert.equal(states.at(-1).name, "connecting");
  browser.pass(1);
  assert.equal(states.at(-1).name, "waiting");
  assert.equal(states.at(-1).why, "no answer from the server");
  assert.equal(browser.socket.readyState, 2);
});

test("a connection that answers pings stays", (t) => {
  const { browser, states } = connect(t);
  for (let beat = 0; beat < 4; beat += 1) {
    browser.pass(25_000);
    browser.socket.bring({ action: "pong", payload: null });
  }
  assert.deepEqual(
    browser.socket.sent.map((frame) => frame.action),
    ["ping", "ping", "ping", "ping"],
  );
  assert.equal(states.at(-1).name, "connected");
});

test("a connection that brings nothing after a ping is given up", (t) => {
  const { browser, states } = connect(t);
  browser.pass(49_999);
  assert.equal(states.at(-1).name, "connected");
  browser.pass(1);
  assert.equal(states.at(-1).why, "the server stopped answering");
});

test("every failure doubles the wait, and a steady connection starts again with a short one", (t) => {
  const { browser } = connect(t);
  browser.socket.end();
  for (const wait of [500, 1000, 2000]) {
    const before = browser.sockets.length;
    browser.pass(wait - 1);
    assert.equal(browser.sockets.length, before);
    browser.pass(1);
    assert.equal(browser.sockets.length, before + 1);
    browser.socket.end();
  }
  browser.pass(4000);
  browser.socket.accept();
  browser.pass(5000);
  browser.socket.end();
  const before = browser.sockets.length;
  browser.pass(500);
  assert.equal(browser.sockets.length, before + 1);
});

test("a wait is counted down by the second", (t) => {
  const { browser, states } = connect(t);
  browser.socket.bring({ action: "disconnect", payload: { code: 1012, reason: "", reconnect: true, after_ms: 2500 } });
  browser.socket.end(1012);
  browser.pass(2499);
  const seconds = states.filter((state) => state.name === "waiting").map((state) => state.seconds);
  assert.deepEqual(seconds, [3, 2, 1]);
});

test("the network's return cuts a wait short, unless the server asked for it", (t) => {
  const { browser, live } = connect(t);
  browser.socket.end();
  live.hurry();
  assert.equal(browser.sockets.length, 2);
  browser.socket.accept();
  browser.socket.bring({ action: "disconnect", payload: { code: 4429, reason: "", reconnect: true, after_ms: 9000 } });
  browser.socket.end(4429);
  live.hurry();
  assert.equal(browser.sockets.length, 2);
  live.open(); // the person may
  assert.equal(browser.sockets.length, 3);
});

test("what a disconnect frame said counts for its own connection only", (t) => {
  const { browser, states } = connect(t);
  browser.socket.bring({
    action: "disconnect",
    payload: { code: 1012, reason: "deploy", reconnect: true, after_ms: 1 },
  });
  browser.socket.end(1012);
  assert.equal(states.at(-1).why, "deploy");
  browser.pass(1);
  browser.socket.end();
  assert.equal(states.at(-1).why, "the connection broke");
});

test("a refusal for good stops until the person connects again", (t) => {
  const { browser, live, states } = connect(t);
  browser.socket.end(4400, "no such room");
  assert.deepEqual(states.at(-1), { name: "stopped", why: "no such room", fault: true, code: 4400 });
  browser.pass(600_000);
  live.hurry();
  assert.equal(browser.sockets.length, 1);
  live.open();
  assert.equal(browser.sockets.length, 2);
});

test("a connection closed by the person stays closed and keeps its position", (t) => {
  const { browser, live, states } = connect(t);
  browser.socket.bring({ action: "a", cursor: "7-1" });
  live.close("you disconnected");
  browser.socket.end(1000);
  browser.pass(600_000);
  assert.equal(browser.sockets.length, 1);
  assert.equal(browser.socket.closedWith, 1000);
  assert.deepEqual(states.at(-1), { name: "stopped", why: "you disconnected" });
  live.open();
  assert.deepEqual(browser.socket.since, ["7-1"]);
});

test("a connection that was given up is no longer listened to", (t) => {
  const { browser, frames, states } = start(t);
  const [first] = browser.sockets;
  browser.pass(10_500);
  browser.socket.accept();
  first.accept();
  first.bring({ action: "late" });
  first.end();
  assert.equal(browser.sockets.length, 2);
  assert.equal(states.at(-1).name, "connected");
  assert.deepEqual(frames, []);
});

test("a frame is sent as an envelope, with a payload where there is one", (t) => {
  const { browser, live } = connect(t);
  live.send("reliable_chat", { message: "hi" });
  live.send("job_list");
  assert.deepEqual(browser.socket.sent, [
    { action: "reliable_chat", payload: { message: "hi" } },
    { action: "job_list" },
  ]);
});

test("a frame may carry a reference for its answer", (t) => {
  const { browser, live } = connect(t);
  live.send("authenticate", { name: "Ada" }, "who");
  assert.deepEqual(browser.socket.sent, [{ action: "authenticate", payload: { name: "Ada" }, ref: "who" }]);
});

test("the page itself ends a connection in the ways that the server has", (t) => {
  const { browser, live, states } = connect(t);
  live.end({ code: 1013, reason: "later", after_ms: 700 });
  assert.equal(states.at(-1).name, "waiting");
  assert.equal(browser.socket.readyState, 2);
  browser.pass(700);
  browser.socket.accept();
  live.end({ code: 4401, reason: "token_expired", reconnect: false });
  assert.deepEqual(states.at(-1), { name: "stopped", why: "your token has expired", fault: true, code: 4401 });
});

test("a connection is open from the handshake until it closes", (t) => {
  const { browser, live } = start(t);
  assert.equal(live.isOpen, false);
  browser.socket.accept();
  assert.equal(live.isOpen, true);
  browser.socket.readyState = 2;
  assert.equal(live.isOpen, false);
});

test("what can't leave now is refused and not kept for later", (t) => {
  const { browser, live } = start(t);
  const refused = (message, words) => assert.throws(() => live.send("chat", { message }), { message: words });
  assert.throws(() => live.send("chat", {}), NotSent);
  browser.socket.accept();
  refused("é".repeat(32 * 1024), "Too long to send: the limit is 64 KiB.");
  browser.socket.bufferedAmount = 1024 * 1024 + 1;
  refused("hi", "The connection can’t keep up. Try again in a moment.");
  browser.socket.bufferedAmount = 0;
  browser.socket.readyState = 2;
  refused("hi", "Not connected, so nothing was sent.");
  assert.deepEqual(browser.socket.sent, []);
});
