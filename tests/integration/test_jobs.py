"""The protocol's part about jobs, asked of a real server and its real worker."""

from itertools import pairwise
from typing import Any

import pytest

from tests.integration.asking import JOBS, ended, frames_of, run, statuses, submit, visitor
from tests.integration.client import Client, get
from tests.integration.conftest import Service


async def test_the_socket_says_that_it_is_connected(service: Service) -> None:
    async with Client(service.url, JOBS) as client:
        message = "🔄 Background Job Processor: Connected!"
        await client.receive("job_status", status="connected", message=message)


async def test_a_job_goes_from_queuing_to_its_result_step_by_step(service: Service) -> None:
    async with Client(service.url, JOBS) as client:
        await client.receive("job_status", status="connected")
        job_id = await submit(client, "translate", "hello")
        await client.receive("job_status", status="result", job_id=job_id)
        await client.until_pong()
    frames = [frame for frame in client.frames if frame["action"] == "job_status"][1:]
    assert statuses(frames) == ["queuing", "queued", "running", "progress", "result"]
    assert frames[0]["payload"]["message"] == "⏳ Queuing translate job: hello"
    assert frames[1]["payload"]["message"] == (
        f"📋 Job {job_id} queued successfully! Worker will process it shortly..."
    )
    assert {frame["payload"]["job_id"] for frame in frames[1:]} == {job_id}
    progress = [frame["payload"]["progress"] for frame in frames[3:-1]]
    assert progress == sorted(set(progress))
    assert 0 <= progress[0] <= progress[-1] <= 1


@pytest.mark.parametrize(
    ("content", "translated"),
    [
        ("hello", "hola"),
        ("world", "mundo"),
        ("good morning", "buenos días"),
        ("thank you", "gracias"),
        ("Hello", "hola"),
        ("never mind", "[TRANSLATED: never mind]"),
    ],
)
async def test_translate_knows_four_phrases(
    service: Service, content: str, translated: str
) -> None:
    async with Client(service.url, JOBS) as client:
        result = await run(client, "translate", content)
    assert result == f"🌍 Translated: '{content}' → '{translated}'"


async def test_analyze_counts_characters_words_vowels_and_consonants(service: Service) -> None:
    async with Client(service.url, JOBS) as client:
        result = await run(client, "analyze", "Hello big World!")
    first, *lines = result.splitlines()
    assert first == "📊 Analysis of 'Hello big World!':"
    assert lines[:4] == ["• Characters: 16", "• Words: 3", "• Vowels: 4", "• Consonants: 9"]


async def test_generate_streams_an_answer_that_fits(service: Service) -> None:
    prompts = ["the weather today", "food for two", "I need help", "anything else"]
    async with Client(service.url, JOBS) as client:
        answers = []
        for prompt in prompts:
            job_id = await submit(client, "generate", prompt)
            result = await client.receive("job_status", status="result", job_id=job_id)
            text = result["payload"]["message"]
            parts = [frame["payload"].get("text") for frame in frames_of(client, job_id)]
            written = [part for part in parts if part is not None]
            assert len(written) > 2
            assert all(later.startswith(earlier) for earlier, later in pairwise([*written, text]))
            heading, _, answer = text.partition("\n")
            assert heading == f"🤖 AI Response to '{prompt}':"
            answers.append(answer)
    assert len(set(answers)) == len(prompts)


@pytest.mark.parametrize("kind", ["default", "sing", ""])
async def test_an_unknown_kind_runs_as_default(service: Service, kind: str) -> None:
    async with Client(service.url, JOBS) as client:
        assert await run(client, kind, "shout") == "✅ Processed: SHOUT"


async def test_many_jobs_at_once_all_get_their_own_result(service: Service) -> None:
    async with Client(service.url, JOBS) as client:
        for number in range(30):
            await client.send("job", {"type": "default", "content": f"job {number}"})
        await client.until_heard(30, "job_status", status="result")
    results = ended(client, "result")
    assert len(results) == 30
    assert {result["message"] for result in results.values()} == {
        f"✅ Processed: JOB {number}" for number in range(30)
    }


@pytest.mark.parametrize("content", ["", "   ", "x" * 4_001], ids=["empty", "blank", "long"])
async def test_a_job_that_makes_no_sense_is_refused(service: Service, content: str) -> None:
    async with Client(service.url, JOBS) as client:
        await client.send("job", {"type": "translate", "content": content})
        refused = await client.receive("job_status", status="error")
    assert refused["payload"]["message"].startswith("❌ Error queuing job: ")


async def test_a_running_job_is_cancelled(slow_service: Service) -> None:
    async with Client(slow_service.url, JOBS) as client:
        job_id = await submit(client, "generate", "a long story")
        await client.receive("job_status", status="running", job_id=job_id)
        await client.send("job_cancel", {"job_id": job_id})
        cancelled = await client.receive("job_status", status="cancelled", job_id=job_id)
        await client.send("job_cancel", {"job_id": job_id})
        again = await client.receive("error")
    assert cancelled["payload"]["message"]
    assert again["payload"]["code"] == "job_is_over"


async def test_a_queued_job_is_cancelled_before_it_ever_runs(slow_service: Service) -> None:
    async with Client(slow_service.url, JOBS) as client:
        # The worker has ten slots: the last of these has to wait.
        jobs = [await submit(client, "default", f"number {number}") for number in range(11)]
        await client.send("job_cancel", {"job_id": jobs[-1]})
        await client.receive("job_status", status="cancelled", job_id=jobs[-1])
        for job_id in jobs[:-1]:
            await client.send("job_cancel", {"job_id": job_id})
        await client.until_heard(len(jobs), "job_status", status="cancelled")
    assert set(ended(client, "cancelled")) == set(jobs)
    assert statuses(frames_of(client, jobs[-1])) == ["queued", "cancelled"]


async def test_another_connection_watches_a_running_job_to_its_end(slow_service: Service) -> None:
    async with Client(slow_service.url, JOBS, headers=visitor(1)) as asker:
        job_id = await submit(asker, "translate", "hello")
        await asker.receive("job_status", status="running", job_id=job_id)
        async with Client(slow_service.url2, JOBS, headers=visitor(1)) as watcher:
            await watcher.send("job_watch", {"job_id": job_id})
            await watcher.receive("job_status", status="running", job_id=job_id)
            await watcher.send("job_cancel", {"job_id": job_id})
            for client in (watcher, asker):
                await client.receive("job_status", status="cancelled", job_id=job_id)


async def test_watching_a_job_that_is_over_tells_how_it_ended(service: Service) -> None:
    async with Client(service.url, JOBS) as asker:
        job_id = await submit(asker, "default", "done")
        await asker.receive("job_status", status="result", job_id=job_id)
        async with Client(service.url2, JOBS) as watcher:
            await watcher.send("job_watch", {"job_id": job_id})
            await watcher.receive(
                "job_status", status="result", job_id=job_id, message="✅ Processed: DONE"
            )


@pytest.mark.parametrize("action", ["job_watch", "job_cancel"])
@pytest.mark.parametrize("job_id", ["", "no-such-job", "💥"])
async def test_an_unknown_job_is_said_to_be_unknown(
    service: Service, action: str, job_id: str
) -> None:
    async with Client(service.url, JOBS) as client:
        await client.send(action, {"job_id": job_id})
        error = await client.receive("error")
    assert error["payload"]["code"] == "job_is_unknown"
    assert error["payload"]["retryable"] is False


@pytest.mark.parametrize("action", ["job_watch", "job_cancel"])
async def test_a_known_visitors_job_is_hidden_from_everybody_else(
    slow_service: Service, action: str
) -> None:
    async with (
        Client(slow_service.url, JOBS, headers=visitor(2)) as owner,
        Client(slow_service.url2, JOBS, headers=visitor(3)) as stranger,
    ):
        job_id = await submit(owner, "translate", "private")
        await owner.receive("job_status", status="running", job_id=job_id)
        await stranger.send(action, {"job_id": job_id})
        error = await stranger.receive("error")
        over_http = await get(f"{slow_service.url2}/api/jobs/{job_id}", **visitor(3))
        await owner.send("job_cancel", {"job_id": job_id})
        await owner.receive("job_status", status="cancelled", job_id=job_id)
    assert error["payload"]["code"] == "job_is_unknown"
    assert frames_of(stranger, job_id) == []
    assert over_http.status_code == 404


async def test_whoever_knows_the_id_of_an_anonymous_job_watches_but_never_cancels_it(
    slow_service: Service,
) -> None:
    async with Client(slow_service.url, JOBS) as owner, Client(slow_service.url2, JOBS) as stranger:
        job_id = await submit(owner, "translate", "nobody's")
        await stranger.send("job_watch", {"job_id": job_id})
        await stranger.receive("job_status", job_id=job_id)
        await stranger.send("job_cancel", {"job_id": job_id})
        error = await stranger.receive("error")
        await owner.send("job_cancel", {"job_id": job_id})
        await stranger.receive("job_status", status="cancelled", job_id=job_id)
    assert error["payload"]["code"] == "job_is_not_yours"


async def test_the_list_has_the_callers_own_jobs_newest_first(service: Service) -> None:
    async with (
        Client(service.url, JOBS, headers=visitor(4)) as client,
        Client(service.url2, JOBS, headers=visitor(5)) as stranger,
    ):
        first = await submit(client, "default", "one")
        await client.receive("job_status", status="result", job_id=first)
        second = await submit(client, "translate", "two")
        await client.receive("job_status", status="result", job_id=second)
        async with Client(service.url2, JOBS, headers=visitor(4)) as later:
            await later.send("job_list")
            mine = (await later.receive("job_list"))["payload"]["jobs"]
        await stranger.send("job_list")
        theirs = (await stranger.receive("job_list"))["payload"]["jobs"]
    assert [job["job_id"] for job in mine] == [second, first]
    assert [(job["kind"], job["content"], job["status"]) for job in mine] == [
        ("translate", "two", "result"),
        ("default", "one", "result"),
    ]
    assert theirs == []


async def test_http_tells_where_a_job_stands(service: Service, slow_service: Service) -> None:
    async with Client(service.url, JOBS) as quick, Client(slow_service.url, JOBS) as slow:
        done = await submit(quick, "default", "over")
        await quick.receive("job_status", status="result", job_id=done)
        running = await submit(slow, "default", "under way")
        await slow.receive("job_status", status="running", job_id=running)
        answers: list[dict[str, Any]] = [
            (await get(f"{service.url2}/api/jobs/{done}")).json(),
            (await get(f"{slow_service.url2}/api/jobs/{running}")).json(),
        ]
        unknown = await get(f"{service.url}/api/jobs/never-heard-of")
        await slow.send("job_cancel", {"job_id": running})
        await slow.receive("job_status", status="cancelled", job_id=running)
    assert [answer["status"] for answer in answers] == ["result", "running"]
    assert answers[0]["message"] == "✅ Processed: OVER"
    assert unknown.status_code == 404
