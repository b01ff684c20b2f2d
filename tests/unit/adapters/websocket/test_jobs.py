"""Jobs on their socket, from being asked for to their end."""

import json
from typing import Any

import pytest

import domain.job_kinds
from domain.identity import JobId, Member, MemberId
from domain.job_kinds import Step, Work
from domain.jobs import (
    JobCancelled,
    JobEvent,
    JobFailed,
    JobKind,
    JobOutputGrew,
    JobOutputShown,
    JobProgressed,
    JobQueued,
    JobStarted,
    JobSucceeded,
    audience,
)
from tests.frames import SOMEONE
from tests.sockets import encode
from tests.unit.adapters.websocket.asking import JOBS, ask, ask_until, asking, story, told
from tests.unit.adapters.websocket.driving import Service, serving
from tests.unit.adapters.websocket.presenting import assert_told

JOB = JobId("j1")


async def test_connecting_is_greeted(service: Service) -> None:
    async with service.socket(JOBS) as client:
        assert await client.frame() == {
            "action": "job_status",
            "payload": {
                "status": "connected",
                "message": "🔄 Background Job Processor: Connected!",
            },
        }


async def test_a_job_is_told_step_by_step(service: Service) -> None:
    async with asking(service) as client:
        await client.say("job", {"type": "translate", "content": "hello"})
        frames = await story(client)
        job_id = frames[1]["payload"]["job_id"]
        assert [frame["payload"] for frame in frames] == [
            {"status": "queuing", "message": "⏳ Queuing translate job: hello"},
            told(
                job_id,
                "queued",
                f"📋 Job {job_id} queued successfully! Worker will process it shortly...",
                member=SOMEONE,
            ),
            told(job_id, "running", "⚙️ A worker has started.", attempt=1),
            told(job_id, "progress", "Detecting the language", progress=0.25),
            told(job_id, "progress", "Translating", progress=0.75),
            told(job_id, "result", "🌍 Translated: 'hello' → 'hola'"),
        ]
        assert {frame["action"] for frame in frames} == {"job_status"}
        assert "cursor" not in frames[0]
        cursors = [frame["cursor"] for frame in frames[1:]]
        assert len(set(cursors)) == len(cursors)


@pytest.mark.parametrize(
    ("asked", "queuing", "result"),
    [
        (
            {"type": "translate", "content": "good morning"},
            "⏳ Queuing translate job: good morning",
            "🌍 Translated: 'good morning' → 'buenos días'",
        ),
        (
            {"type": "translate", "content": "teapot"},
            "⏳ Queuing translate job: teapot",
            "🌍 Translated: 'teapot' → '[TRANSLATED: teapot]'",
        ),
        (
            {"type": "analyze", "content": "hello you"},
            "⏳ Queuing analyze job: hello you",
            "📊 Analysis of 'hello you':\n• Characters: 9\n• Words: 2\n• Vowels: 4\n"
            "• Consonants: 4\n• Lines: 1\n• Longest word: hello",
        ),
        (
            {"type": "default", "content": "hello"},
            "⏳ Queuing default job: hello",
            "✅ Processed: HELLO",
        ),
        ({"content": "hello"}, "⏳ Queuing default job: hello", "✅ Processed: HELLO"),
        (
            {"type": "sing", "content": "hello"},
            "⏳ Queuing sing job: hello",
            "✅ Processed: HELLO",
        ),
    ],
    ids=["translate", "translate unknown", "analyze", "default", "no kind", "unknown kind"],
)
async def test_each_kind_of_job_comes_to_its_result(
    service: Service, asked: dict[str, str], queuing: str, result: str
) -> None:
    async with asking(service) as client:
        await client.say("job", asked)
        frames = await story(client)
        assert frames[0]["payload"]["message"] == queuing
        assert frames[-1]["payload"]["status"] == "result"
        assert frames[-1]["payload"]["message"] == result


async def test_generated_text_streams_in_growing_parts(service: Service) -> None:
    async with asking(service) as client:
        await client.say("job", {"type": "generate", "content": "How is the weather?"})
        frames = await story(client)
        result = frames[-1]["payload"]["message"]
        assert result.startswith("🤖 AI Response to 'How is the weather?':\n")
        parts = [f["payload"] for f in frames if f["action"] == "job_output"]
        assert len(parts) > 2
        text = ""
        for part in parts:
            assert part["at"] == len(text)
            text += part["append"]
        assert text == result
        statuses = [f["payload"] for f in frames if f["action"] == "job_status"]
        progress = [each for each in statuses if each["status"] == "progress"]
        assert len(progress) > 2
        done = [each["progress"] for each in progress]
        assert done == sorted(done)
        assert 0 < done[0] <= done[-1] <= 1


async def test_work_that_breaks_ends_its_job_and_tells_nothing_of_the_error(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(content: str) -> Work:
        yield Step(0.5, "Breaking", 0)
        raise RuntimeError("secret")

    monkeypatch.setitem(domain.job_kinds._KINDS, JobKind.TRANSLATE, broken)
    async with asking(service) as client:
        await client.say("job", {"type": "translate", "content": "hello"})
        failed = (await story(client))[-1]["payload"]
        assert failed["status"] == "failed"
        assert "secret" not in failed["message"]
        caplog.clear()
        await client.say("job", {"content": "work"})
        assert (await story(client))[-1]["payload"]["status"] == "result"


@pytest.mark.parametrize(
    ("content", "code", "detail"),
    [
        ("  ", "text_is_empty", "There is no text in this message."),
        ("x" * 11, "text_is_too_long", "At most 10 characters are allowed, this has 11."),
    ],
    ids=["blank", "too long"],
)
async def test_impossible_content_is_refused_as_a_status(
    content: str, code: str, detail: str
) -> None:
    async with serving(text_limit=10) as service, asking(service) as client:
        await client.say("job", {"content": content})
        queuing, refused = await client.frames(2)
        assert queuing["payload"]["status"] == "queuing"
        assert refused["payload"] == {
            "status": "error",
            "message": f"❌ Error queuing job: {detail}",
            "code": code,
            "retryable": False,
        }
        await client.hears_nothing()


async def test_a_full_queue_refuses_jobs_as_a_status() -> None:
    async with (
        serving(job_pace=100, job_slots=1, job_queue_limit=1) as service,
        asking(service) as client,
    ):
        await ask_until(client, "running")
        await ask(client)
        await client.say("job", {"content": "one too many"})
        frames = await story(client)
        assert frames[-1]["payload"] == {
            "status": "error",
            "message": "❌ Error queuing job: 1 jobs are waiting already.",
            "code": "queue_is_full",
            "retryable": True,
            "retry_after_ms": 5_001,
        }


async def test_more_jobs_than_one_connection_may_follow_are_refused_as_a_status() -> None:
    async with serving(job_pace=100, subscriptions=2) as service, asking(service) as client:
        await ask(client)
        await ask(client)
        await client.say("job", {"content": "third"})
        frames = await story(client)
        assert frames[-1]["payload"]["status"] == "error"
        assert frames[-1]["payload"]["message"].startswith("❌ Error queuing job: ")


async def test_jobs_that_are_over_make_room_to_follow_others() -> None:
    async with serving(subscriptions=1) as service, asking(service) as client:
        for _ in range(3):
            await ask_until(client, "result")


OUTPUT = (JobOutputGrew, JobOutputShown)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (JobOutputGrew(JOB, 2, 7, "more"), {"at": 7, "append": "more"}),
        (JobOutputGrew(JOB, 2, 0, ""), {"at": 0, "append": ""}),
        (JobOutputShown(JOB, 2, "so far"), {"at": 0, "text": "so far"}),
    ],
)
def test_output_that_grows_says_where_it_goes_on(event: JobEvent, told: dict[str, Any]) -> None:
    assert json.loads(encode(audience(JOB), event)) == {
        "action": "job_output",
        "payload": {"job_id": JOB, "attempt": 2, **told},
    }


def test_whoever_watches_a_job_hears_every_step_in_its_words() -> None:
    assert_told(
        audience(JOB),
        "job_status",
        [
            (
                JobQueued(JOB, Member(MemberId("2"), "Anna")),
                told(
                    JOB,
                    "queued",
                    "📋 Job j1 queued successfully! Worker will process it shortly...",
                    member={"id": "2", "name": "Anna"},
                ),
            ),
            (JobStarted(JOB, 2), told(JOB, "running", "⚙️ A worker has started.", attempt=2)),
            (
                JobProgressed(JOB, 1, 1 / 3, "Writing", "so far"),
                told(JOB, "progress", "Writing", progress=0.3333, text="so far"),
            ),
            (
                JobProgressed(JOB, 1, 0.5, "Processing"),
                told(JOB, "progress", "Processing", progress=0.5),
            ),
            (JobSucceeded(JOB, "✅ done"), told(JOB, "result", "✅ done")),
            (JobFailed(JOB, "no luck"), told(JOB, "failed", "no luck")),
            (JobCancelled(JOB), told(JOB, "cancelled", "🛑 The job was cancelled.")),
        ],
        OUTPUT,
    )


async def test_a_running_job_is_given_what_its_owner_says() -> None:
    async with serving(job_pace=1) as service, asking(service) as client:
        job_id = await ask(client, "converse", "tea")
        await client.status("running")
        await client.say("job_input", {"job_id": job_id, "data": "green"})
        await client.say("job_input", {"job_id": job_id, "data": {"cups": 2}})
        said = ""
        while "cups" not in said:
            said += (await client.frame())["payload"].get("append", "")
        assert "You say 'green'" in said
        assert "You say '{\"cups\": 2}'" in said


async def test_input_that_nobody_takes_is_refused(service: Service) -> None:
    async with asking(service) as client:
        job_id = await ask(client)
        await client.status("result")
        await client.say("job_input", {"job_id": job_id, "data": "more"}, ref="7")
        refused = await client.frame()
        assert (refused["action"], refused["ref"]) == ("error", "7")
        assert refused["payload"]["code"] == "job_takes_no_input"
        await client.say("job_input", {"job_id": "unknown", "data": "more"})
        assert (await client.payload("error"))["code"] == "job_is_unknown"
