import assert from "node:assert/strict";
import { test } from "node:test";
import { JobState } from "../../src/adapters/http/static/job_state.js";

const ID = "0123456789abcdef";

function after(...statuses) {
  const job = new JobState(ID);
  for (const status of statuses) {
    job.update(status);
  }
  return job;
}

test("a job goes from queued through its progress to its result", () => {
  const job = new JobState(ID);
  assert.equal(job.shortId, "01234567");
  assert.equal(job.update({ status: "queued", kind: "translate" }, "1"), false);
  assert.equal(job.update({ status: "running" }, "2"), true);
  assert.equal(job.update({ status: "progress", progress: 0.25 }, "3"), false);
  assert.equal(job.grow({ job_id: ID, attempt: 1, at: 0, append: "one" }, "3"), false);
  assert.deepEqual(
    [job.label, job.kind, job.progress, job.output, job.cursor],
    ["Running", "translate", 0.25, "one", "3"],
  );
  assert.equal(job.update({ status: "result", message: "done" }, "4"), true);
  assert.deepEqual([job.label, job.progress, job.output, job.finished], ["Finished", 1, "done", true]);
});

test("output of which something is missing is asked for once, until all of it comes", () => {
  const job = after({ status: "running" });
  const grow = (part) => job.grow({ job_id: ID, attempt: 1, ...part });
  assert.deepEqual([grow({ at: 3, append: "b" }), grow({ at: 4, append: "c" })], [true, false]);
  assert.deepEqual([grow({ at: 0, text: "aaab" }), job.output, grow({ at: 9, append: "x" })], [false, "aaab", true]);
});

test("an end is an end", () => {
  for (const status of ["result", "failed", "cancelled"]) {
    const job = after({ status, message: "said at the end" });
    assert.equal(job.update({ status: "progress", progress: 0.1 }, "9"), false);
    assert.equal(job.grow({ job_id: ID, attempt: 1, at: 9, append: "late" }, "9"), false);
    job.describe({ job_id: ID, status: "running", progress: 0.5 });
    assert.deepEqual([job.status, job.output, job.cursor], [status, "said at the end", null]);
  }
});

test("a job that is tried again starts from nothing", () => {
  const job = after({ status: "progress", progress: 0.75 }, { status: "queued" });
  assert.deepEqual([job.status, job.progress], ["queued", 0]);
});

test("a status this page doesn't know changes nothing", () => {
  const job = after({ status: "progress", progress: 0.5 });
  assert.equal(job.update({ status: "paused", progress: 0.9 }, "9"), false);
  job.describe({ job_id: ID, status: "paused", progress: 0.9 });
  assert.deepEqual([job.status, job.progress, job.cursor], ["running", 0.5, null]);
});

test("progress stays between nothing and all", () => {
  assert.equal(after({ status: "progress", progress: 7 }).progress, 1);
  assert.equal(after({ status: "progress", progress: -7 }).progress, 0);
  assert.equal(after({ status: "progress", progress: 0.5 }, { status: "progress", progress: null }).progress, 0.5);
});

test("a list tells what a job is about, and its state where the stream has not come so far", () => {
  const job = after({ status: "progress", progress: 0.75 });
  job.describe({ job_id: ID, kind: "analyze", content: "words", status: "queued", progress: 0 });
  assert.deepEqual([job.kind, job.content, job.status, job.progress], ["analyze", "words", "running", 0.75]);
  assert.equal(job.described, true);
  job.describe({ job_id: ID, content: "words", status: "failed", progress: 0.75, message: "broke" });
  assert.deepEqual([job.kind, job.status, job.output], ["analyze", "failed", "broke"]);
});

test("a job that the server lost comes back with whatever the server says of it", () => {
  const job = after({ status: "running" });
  job.cursor = "7";
  job.lose();
  assert.deepEqual([job.label, job.lost, job.finished, job.cursor], ["Unknown to the server", true, false, null]);
  job.describe({ job_id: ID, status: "queued", progress: 0 });
  assert.equal(job.status, "queued");
});
