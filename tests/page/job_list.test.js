import assert from "node:assert/strict";
import { test } from "node:test";
import { JobList } from "../../src/adapters/http/static/job_list.js";

const ids = (jobs) => jobs.map((job) => job.id);
const entry = (job_id, status = "running") => ({ job_id, status, progress: 0 });

function list() {
  const dropped = [];
  return { jobs: new JobList((id) => dropped.push(id)), dropped };
}

test("a job's first status and every change of its state are news", () => {
  const { jobs } = list();
  const told = (status) => jobs.update("a", { status }).told;
  assert.deepEqual(["queued", "running", "progress", "result"].map(told), [true, true, false, true]);
});

test("a connection resumes every unfinished job that has a position", () => {
  const { jobs } = list();
  jobs.update("a", { status: "running" }, "1");
  jobs.update("b", { status: "result" }, "2");
  jobs.update("c", { status: "running" });
  jobs.update("d", { status: "running" }, "4");
  assert.deepEqual(jobs.resume(), ["1", "4"]);
});

test("no more positions are named than an address can hold: those of the newest jobs", () => {
  const { jobs } = list();
  for (let count = 0; count < 25; count += 1) {
    jobs.update(`job ${count}`, { status: "running" }, String(count));
  }
  const positions = jobs.resume();
  assert.deepEqual([positions.length, positions[0], positions.at(-1)], [20, "5", "24"]);
  // The others are asked for as soon as the list names them.
  const asked = jobs.listed(jobs.all.map((job) => entry(job.id)).reverse());
  assert.deepEqual(ids(asked), ["job 0", "job 1", "job 2", "job 3", "job 4"]);
});

test("a list is kept oldest first, and each of its unfinished jobs is asked for once", () => {
  const { jobs } = list();
  const entries = [entry("new"), entry("done", "result"), entry("old")];
  assert.deepEqual(ids(jobs.listed(entries)), ["old", "new"]);
  assert.deepEqual(ids(jobs.all), ["old", "done", "new"]);
  assert.deepEqual(jobs.listed(entries), []);
});

test("a job whose frames come by themselves is not asked for", () => {
  const { jobs } = list();
  jobs.update("a", { status: "running" }, "1");
  assert.deepEqual(jobs.listed([entry("a")]), []);
  jobs.resume();
  assert.deepEqual(jobs.listed([entry("a")]), []);
});

test("output of a job that is asked for already is not asked for again, but after a new connection", () => {
  const { jobs } = list();
  const late = { job_id: "a", attempt: 1, at: 7, append: "more" };
  jobs.listed([entry("a")]);
  assert.equal(jobs.grow(late, "1").asks, false);
  jobs.resume();
  assert.deepEqual([jobs.grow(late, "2").asks, jobs.grow(late, "3").asks], [true, false]);
});

test("positions that were not honoured are asked for", () => {
  const { jobs } = list();
  jobs.update("a", { status: "running" }, "1");
  jobs.resume();
  jobs.notResumed();
  assert.deepEqual(ids(jobs.listed([entry("a")])), ["a"]);
});

test("an unfinished job that the server doesn't list is lost, and asked for once", () => {
  const { jobs } = list();
  jobs.update("a", { status: "running" }, "1");
  jobs.update("b", { status: "result" }, "2");
  assert.deepEqual(ids(jobs.listed([])), ["a"]);
  assert.deepEqual(
    jobs.all.map((job) => job.status),
    ["lost", "result"],
  );
  assert.deepEqual(jobs.listed([]), []);
  assert.deepEqual(jobs.resume(), []);
});

test("the oldest finished job makes room for a new one, an unfinished one never does", () => {
  const { jobs, dropped } = list();
  jobs.update("first", { status: "running" });
  jobs.update("second", { status: "result" });
  for (let count = 0; count < 38; count += 1) {
    jobs.update(`job ${count}`, { status: "running" });
  }
  assert.deepEqual(dropped, []);
  jobs.update("one more", { status: "running" });
  jobs.update("and another", { status: "running" });
  assert.deepEqual(dropped, ["second"]);
  assert.equal(jobs.all.length, 41);
});
