from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import pytest
from dependency_injector import providers

import domain.job_kinds
from domain.identity import JobId
from domain.job_kinds import Outcome, Step
from domain.jobs import (
    JobCancelled,
    JobFailed,
    JobKind,
    JobProgressed,
    JobQueued,
    JobStarted,
    JobSucceeded,
    audience,
)
from tests.doubles import ManualClock
from tests.unit.adapters.websocket.driving import (
    Frame,
    Service,
    Socket,
    eventually,
    serving,
)
from tests.unit.adapters.websocket.presenting import assert_told

JOB = JobId("j1")


PATH = "/ws/background_jobs"
ANNA, BERT = "a" * 32, "b" * 32


@asynccontextmanager
async def asking(service: Service, visitor: str | None = None) -> AsyncIterator[Socket]:
    """A client that has read its greeting."""
    async with service.socket(PATH, visitor=visitor) as client:
        assert (await client.payload("job_status"))["status"] == "connected"
        yield client


async def ask(client: Socket, kind: str = "default", content: str = "hello") -> str:
    """Ask for a job; returns its id."""
    await client.say("job", {"type": kind, "content": content})
    job_id: str = (await client.status("queued"))["payload"]["job_id"]
    return job_id


async def story(client: Socket) -> list[Frame]:
    """All frames until a job's end."""
    frames = [await client.frame()]
    while frames[-1]["payload"]["status"] not in ("result", "failed", "cancelled", "error"):
        frames.append(await client.frame())
    return frames


async def test_connecting_is_greeted(service: Service) -> None:
    async with service.socket(PATH) as client:
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
            {
                "status": "queued",
                "job_id": job_id,
                "message": (
                    f"📋 Job {job_id} queued successfully! Worker will process it shortly..."
                ),
            },
            {
                "status": "running",
                "job_id": job_id,
                "message": "⚙️ A worker has started.",
                "attempt": 1,
            },
            {
                "status": "progress",
                "job_id": job_id,
                "message": "Detecting the language",
                "progress": 0.25,
            },
            {"status": "progress", "job_id": job_id, "message": "Translating", "progress": 0.75},
            {"status": "result", "job_id": job_id, "message": "🌍 Translated: 'hello' → 'hola'"},
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
        progress = [f["payload"] for f in frames if f["payload"]["status"] == "progress"]
        assert len(progress) > 2
        parts = [*(each["text"] for each in progress), result]
        assert all(longer.startswith(part) for part, longer in pairwise(parts))
        done = [each["progress"] for each in progress]
        assert done == sorted(done)
        assert 0 < done[0] <= done[-1] <= 1


async def test_work_that_breaks_ends_its_job_and_tells_nothing_of_the_error(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(content: str) -> Iterator[Step | Outcome]:
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
    ("content", "detail"),
    [
        ("  ", "There is no text in this message."),
        ("x" * 11, "At most 10 characters are allowed, this has 11."),
    ],
    ids=["blank", "too long"],
)
async def test_impossible_content_is_refused_as_a_status(content: str, detail: str) -> None:
    async with serving(text_limit=10) as service, asking(service) as client:
        await client.say("job", {"content": content})
        queuing, refused = await client.frames(2)
        assert queuing["payload"]["status"] == "queuing"
        assert refused["payload"] == {
            "status": "error",
            "message": f"❌ Error queuing job: {detail}",
        }
        await client.hears_nothing()


async def test_a_full_queue_refuses_jobs_as_a_status() -> None:
    async with (
        serving(job_pace=100, job_slots=1, job_queue_limit=1) as service,
        asking(service) as client,
    ):
        await ask(client)
        await client.status("running")
        await ask(client)
        await client.say("job", {"content": "one too many"})
        frames = await story(client)
        assert frames[-1]["payload"] == {
            "status": "error",
            "message": "❌ Error queuing job: 1 jobs are waiting already.",
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
            await ask(client)
            await client.status("result")


# Cancelling.


async def test_a_running_job_can_be_cancelled() -> None:
    async with serving(job_pace=100) as service, asking(service) as client:
        job_id = await ask(client)
        await client.status("running")
        await client.say("job_cancel", {"job_id": job_id})
        cancelled = await client.status("cancelled")
        assert cancelled["payload"] == {
            "status": "cancelled",
            "job_id": job_id,
            "message": "🛑 The job was cancelled.",
        }
        assert isinstance(cancelled["cursor"], str)


async def test_a_queued_job_that_is_cancelled_never_runs() -> None:
    async with serving(job_pace=100, job_slots=1) as service, asking(service) as client:
        first = await ask(client)
        await client.status("running")
        second = await ask(client)
        await client.say("job_cancel", {"job_id": second})
        assert (await client.status("cancelled"))["payload"]["job_id"] == second
        await client.say("job_cancel", {"job_id": first})
        assert (await client.status("cancelled"))["payload"]["job_id"] == first
        await eventually(service.backend.job_queue._waiting.empty)
        await client.hears_nothing()


async def test_a_job_can_be_cancelled_from_another_connection_which_hears_its_end() -> None:
    async with (
        serving(job_pace=100) as service,
        asking(service, ANNA) as first,
        asking(service, ANNA) as second,
    ):
        job_id = await ask(first)
        await first.status("running")
        await second.say("job_cancel", {"job_id": job_id})
        assert (await second.status("cancelled"))["payload"]["job_id"] == job_id
        assert (await first.status("cancelled"))["payload"]["job_id"] == job_id


async def test_somebody_else_s_job_can_be_watched_but_not_cancelled() -> None:
    async with (
        serving(job_pace=100) as service,
        asking(service) as first,
        asking(service) as second,
    ):
        job_id = await ask(first)
        await first.status("running")
        await second.say("job_cancel", {"job_id": job_id})
        assert (await second.payload("error"))["code"] == "job_is_not_yours"
        await second.say("job_watch", {"job_id": job_id})
        assert (await second.payload("job_status"))["status"] == "running"


async def test_a_job_that_is_over_cannot_be_cancelled(service: Service) -> None:
    async with asking(service) as client:
        job_id = await ask(client)
        await client.status("result")
        await client.say("job_cancel", {"job_id": job_id})
        assert (await client.payload("error"))["code"] == "job_is_over"


@pytest.mark.parametrize("action", ["job_cancel", "job_watch"])
@pytest.mark.parametrize("job_id", ["", "nope", "0" * 64, "../..", "☃"])
async def test_a_job_that_does_not_exist_is_unknown(
    service: Service, action: str, job_id: str
) -> None:
    async with asking(service) as client:
        await client.say(action, {"job_id": job_id}, ref="r")
        refused = await client.frame()
        assert refused["action"] == "error"
        assert refused["payload"] == {
            "code": "job_is_unknown",
            "detail": "There is no job with this id.",
            "retryable": False,
        }
        assert refused["ref"] == "r"


# Watching.


async def test_a_watcher_gets_the_current_state_and_then_the_rest() -> None:
    async with (
        serving(job_pace=100) as service,
        asking(service) as owner,
        asking(service) as watcher,
    ):
        job_id = await ask(owner)
        running = await owner.status("running")
        await watcher.say("job_watch", {"job_id": job_id})
        assert await watcher.frame() == running
        await owner.say("job_cancel", {"job_id": job_id})
        assert await watcher.frame() == await owner.frame()


async def test_watching_twice_does_not_double_what_is_heard() -> None:
    async with serving(job_pace=100) as service, asking(service) as client:
        job_id = await ask(client)
        await client.status("running")
        await client.say("job_watch", {"job_id": job_id})
        await client.say("job_cancel", {"job_id": job_id})
        await client.status("cancelled")
        await client.hears_nothing()


async def test_a_job_that_is_over_tells_its_watcher_how_it_ended(service: Service) -> None:
    async with asking(service) as owner, asking(service) as watcher:
        job_id = await ask(owner)
        result = await owner.status("result")
        await watcher.say("job_watch", {"job_id": job_id})
        assert await watcher.payload("job_status") == result["payload"]
        await watcher.hears_nothing()


# Whose jobs they are.


@pytest.mark.parametrize("action", ["job_cancel", "job_watch"])
@pytest.mark.parametrize("stranger", [BERT, None], ids=["another visitor", "nobody known"])
async def test_a_known_visitor_s_job_is_hidden_from_others(
    action: str, stranger: str | None
) -> None:
    async with (
        serving(job_pace=100) as service,
        asking(service, ANNA) as anna,
        asking(service, stranger) as other,
    ):
        job_id = await ask(anna)
        await anna.status("running")
        await other.say(action, {"job_id": job_id})
        assert (await other.payload("error"))["code"] == "job_is_unknown"
        await anna.hears_nothing()


async def test_a_known_visitor_sees_their_job_from_any_connection(service: Service) -> None:
    async with asking(service, ANNA) as first, asking(service, ANNA) as second:
        job_id = await ask(first)
        result = await first.status("result")
        await second.say("job_watch", {"job_id": job_id})
        assert await second.payload("job_status") == result["payload"]


async def test_a_list_holds_one_s_own_jobs_newest_first(service: Service) -> None:
    async with asking(service, ANNA) as first:
        older = await ask(first, "translate", "hello")
        await first.status("result")
        newer = await ask(first, "default", "bye")
        await first.status("result")
    async with asking(service, BERT) as other:
        await ask(other)
        await other.status("result")
    async with asking(service, ANNA) as again:
        await again.say("job_list", ref="l")
        answer = await again.frame()
        assert (answer["action"], answer["ref"]) == ("job_list", "l")
        assert answer["payload"]["jobs"] == [
            {
                "job_id": newer,
                "kind": "default",
                "content": "bye",
                "status": "result",
                "progress": 1.0,
                "message": "✅ Processed: BYE",
            },
            {
                "job_id": older,
                "kind": "translate",
                "content": "hello",
                "status": "result",
                "progress": 1.0,
                "message": "🌍 Translated: 'hello' → 'hola'",
            },
        ]


async def test_a_list_tells_the_state_of_jobs_not_yet_over() -> None:
    async with serving(job_pace=100, job_slots=1) as service, asking(service, ANNA) as client:
        running = await ask(client)
        await client.status("running")
        queued = await ask(client)
        await client.say("job_list")
        jobs = (await client.payload("job_list"))["jobs"]
        assert [(job["job_id"], job["status"], job["message"]) for job in jobs] == [
            (queued, "queued", None),
            (running, "running", None),
        ]


async def test_somebody_new_has_no_jobs(service: Service) -> None:
    async with asking(service, ANNA) as anna, asking(service) as newcomer:
        await ask(anna)
        await newcomer.say("job_list")
        assert await newcomer.payload("job_list") == {"jobs": []}


# Coming back.


def since(*cursors: str) -> str:
    return f"{PATH}?" + "&".join(f"since={quote(cursor)}" for cursor in cursors)


async def test_the_rest_of_a_job_s_story_follows_its_cursor(service: Service) -> None:
    async with asking(service) as client:
        await client.say("job", {"type": "translate", "content": "hello"})
        _queuing, queued, *rest = await story(client)
    async with service.socket(since(queued["cursor"])) as back:
        assert await back.payload("recovered") == {"recovered": True, "missed": len(rest)}
        assert await back.frames(len(rest)) == rest
        assert (await back.payload("job_status"))["status"] == "connected"
        await back.hears_nothing()


async def test_a_job_goes_on_while_nobody_is_connected_and_is_followed_again() -> None:
    async with serving(job_pace=100) as service:
        async with asking(service, ANNA) as client:
            job_id = await ask(client)
            running = await client.status("running")
        async with service.socket(since(running["cursor"]), visitor=ANNA) as back:
            assert await back.payload("recovered") == {"recovered": True, "missed": 0}
            assert (await back.payload("job_status"))["status"] == "connected"
            await back.say("job_cancel", {"job_id": job_id})
            assert (await back.payload("job_status"))["status"] == "cancelled"


async def test_several_jobs_are_followed_by_their_cursors() -> None:
    async with serving(job_pace=100) as service:
        async with asking(service, ANNA) as client:
            first = await ask(client)
            cursors = [(await client.status("running"))["cursor"]]
            second = await ask(client)
            cursors.append((await client.status("running"))["cursor"])
        async with service.socket(since(*cursors), visitor=ANNA) as back:
            for _ in range(2):
                assert await back.payload("recovered") == {"recovered": True, "missed": 0}
            assert (await back.payload("job_status"))["status"] == "connected"
            async with asking(service, ANNA) as other:
                for job_id in (first, second):
                    await other.say("job_cancel", {"job_id": job_id})
                    assert (await back.status("cancelled"))["payload"]["job_id"] == job_id


@pytest.mark.parametrize("cursor", ["garbage", "", "room.lobby~abcdefabcdef-1-1"])
async def test_a_cursor_of_no_job_is_invalid(service: Service, cursor: str) -> None:
    async with service.socket(since(cursor)) as back:
        assert await back.payload("recovered") == {
            "recovered": False,
            "missed": 0,
            "reason": "invalid",
        }
        assert (await back.payload("job_status"))["status"] == "connected"


async def test_a_cursor_of_a_job_nobody_remembers_can_not_be_honoured(service: Service) -> None:
    async with service.socket(since("job.forgotten~abcdefabcdef-1-1")) as back:
        recovered = await back.payload("recovered")
        assert recovered["recovered"] is False
        assert recovered["missed"] == 0
        assert recovered["reason"] in ("expired", "unknown_position")
        assert (await back.payload("job_status"))["status"] == "connected"


async def test_a_stranger_learns_nothing_from_the_cursor_of_a_private_job(
    service: Service,
) -> None:
    async with asking(service, ANNA) as anna:
        await anna.say("job", {"content": "secret"})
        cursor = (await story(anna))[1]["cursor"]
    async with service.socket(since(cursor), visitor=BERT) as bert:
        recovered = await bert.payload("recovered")
        assert (recovered["recovered"], recovered["missed"]) == (False, 0)
        assert (await bert.payload("job_status"))["status"] == "connected"
        await bert.hears_nothing()


async def test_what_is_left_of_a_job_s_history_tells_its_end_once() -> None:
    lane: dict[str, Any] = {"kind": "durable", "prefix": "jobs", "capacity": 1, "expiry": 900}
    async with serving(lane_jobs=lane) as service:
        async with asking(service) as client:
            await client.say("job", {"content": "hello"})
            _queuing, queued, *_rest, result = await story(client)
        async with service.socket(since(queued["cursor"])) as back:
            assert await back.payload("recovered") == {
                "recovered": False,
                "missed": 1,
                "reason": "trimmed",
            }
            assert await back.frame() == result
            assert (await back.payload("job_status"))["status"] == "connected"


async def test_a_job_whose_history_is_gone_still_tells_how_it_ended() -> None:
    clock = ManualClock()
    lane: dict[str, Any] = {"kind": "durable", "prefix": "jobs", "capacity": 100, "expiry": 60}
    async with serving(
        lambda container: container.clock.override(providers.Object(clock)), lane_jobs=lane
    ) as service:
        async with asking(service) as client:
            await client.say("job", {"content": "hello"})
            _queuing, queued, *_rest, result = await story(client)
        clock.shift(61)
        async with service.socket(since(queued["cursor"])) as back:
            assert await back.payload("recovered") == {
                "recovered": False,
                "missed": 0,
                "reason": "expired",
            }
            assert await back.payload("job_status") == result["payload"]
            assert (await back.payload("job_status"))["status"] == "connected"


async def test_more_cursors_than_one_connection_may_follow_are_refused_and_it_stays_open() -> None:
    async with serving(job_pace=100, subscriptions=2) as service:
        cursors = []
        for _ in range(3):
            async with asking(service) as client:
                cursors.append((await ask(client), (await client.status("running"))["cursor"])[1])
        async with service.socket(since(*cursors)) as back:
            for _ in range(2):
                assert await back.payload("recovered") == {"recovered": True, "missed": 0}
            assert (await back.payload("error"))["code"] == "too_many_subscriptions"
            assert (await back.payload("job_status"))["status"] == "connected"
            await back.hears_nothing()


def test_whoever_watches_a_job_hears_every_step_in_its_words() -> None:
    assert_told(
        audience(JOB),
        "job_status",
        [
            (
                JobQueued(JOB),
                {
                    "status": "queued",
                    "job_id": "j1",
                    "message": "📋 Job j1 queued successfully! Worker will process it shortly...",
                },
            ),
            (
                JobStarted(JOB, 2),
                {
                    "status": "running",
                    "job_id": "j1",
                    "message": "⚙️ A worker has started.",
                    "attempt": 2,
                },
            ),
            (
                JobProgressed(JOB, 1 / 3, "Writing", "so far"),
                {
                    "status": "progress",
                    "job_id": "j1",
                    "message": "Writing",
                    "progress": 0.3333,
                    "text": "so far",
                },
            ),
            (
                JobProgressed(JOB, 0.5, "Processing"),
                {
                    "status": "progress",
                    "job_id": "j1",
                    "message": "Processing",
                    "progress": 0.5,
                },
            ),
            (
                JobSucceeded(JOB, "✅ done"),
                {"status": "result", "job_id": "j1", "message": "✅ done"},
            ),
            (JobFailed(JOB, "no luck"), {"status": "failed", "job_id": "j1", "message": "no luck"}),
            (
                JobCancelled(JOB),
                {
                    "status": "cancelled",
                    "job_id": "j1",
                    "message": "🛑 The job was cancelled.",
                },
            ),
        ],
    )
