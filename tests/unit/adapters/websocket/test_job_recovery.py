"""Coming back to jobs with their cursors."""

from typing import Any

import pytest

from tests.doubles import ManualClock
from tests.unit.adapters.websocket.asking import ANNA, BERT, ask_until, asking, coming_back, story
from tests.unit.adapters.websocket.driving import Service, lost, serving, timed_by


async def test_the_rest_of_a_job_s_story_follows_its_cursor(service: Service) -> None:
    async with asking(service) as client:
        await client.say("job", {"type": "translate", "content": "hello"})
        _queuing, queued, *rest = await story(client)
    async with coming_back(service, queued["cursor"]) as back:
        assert await back.payload("recovered") == {"recovered": True, "missed": len(rest)}
        assert await back.frames(len(rest)) == rest
        assert (await back.payload("job_status"))["status"] == "connected"
        await back.hears_nothing()


async def test_a_job_goes_on_while_nobody_is_connected_and_is_followed_again() -> None:
    async with serving(job_pace=100) as service:
        async with asking(service, ANNA) as client:
            running = await ask_until(client, "running")
        async with coming_back(service, running["cursor"], visitor=ANNA) as back:
            assert await back.payload("recovered") == {"recovered": True, "missed": 0}
            assert (await back.payload("job_status"))["status"] == "connected"
            await back.say("job_cancel", {"job_id": running["payload"]["job_id"]})
            assert (await back.payload("job_status"))["status"] == "cancelled"


async def test_several_jobs_are_followed_by_their_cursors() -> None:
    async with serving(job_pace=100) as service:
        async with asking(service, ANNA) as client:
            running = [await ask_until(client, "running") for _ in range(2)]
        cursors = [frame["cursor"] for frame in running]
        async with coming_back(service, *cursors, visitor=ANNA) as back:
            for _ in range(2):
                assert await back.payload("recovered") == {"recovered": True, "missed": 0}
            assert (await back.payload("job_status"))["status"] == "connected"
            async with asking(service, ANNA) as other:
                for frame in running:
                    job_id = frame["payload"]["job_id"]
                    await other.say("job_cancel", {"job_id": job_id})
                    assert (await back.status("cancelled"))["payload"]["job_id"] == job_id


@pytest.mark.parametrize("cursor", ["garbage", "", "room.lobby~abcdefabcdef-1-1"])
async def test_a_cursor_of_no_job_is_invalid(service: Service, cursor: str) -> None:
    async with coming_back(service, cursor) as back:
        assert await back.payload("recovered") == lost(0, "invalid")
        assert (await back.payload("job_status"))["status"] == "connected"


async def test_a_cursor_of_a_job_nobody_remembers_can_not_be_honoured(service: Service) -> None:
    async with coming_back(service, "job.forgotten~abcdefabcdef-1-1") as back:
        recovered = await back.payload("recovered")
        assert recovered in (lost(0, "expired"), lost(0, "unknown_position"))
        assert (await back.payload("job_status"))["status"] == "connected"


async def test_a_stranger_learns_nothing_from_the_cursor_of_a_private_job(
    service: Service,
) -> None:
    async with asking(service, ANNA) as anna:
        await anna.say("job", {"content": "secret"})
        cursor = (await story(anna))[1]["cursor"]
    async with coming_back(service, cursor, visitor=BERT) as bert:
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
        async with coming_back(service, queued["cursor"]) as back:
            assert await back.payload("recovered") == lost(1, "trimmed")
            assert await back.frame() == result
            assert (await back.payload("job_status"))["status"] == "connected"


async def test_a_job_whose_history_is_gone_still_tells_how_it_ended() -> None:
    clock = ManualClock()
    lane: dict[str, Any] = {"kind": "durable", "prefix": "jobs", "capacity": 100, "expiry": 60}
    async with serving(timed_by(clock), lane_jobs=lane) as service:
        async with asking(service) as client:
            await client.say("job", {"content": "hello"})
            _queuing, queued, *_rest, result = await story(client)
        clock.shift(61)
        async with coming_back(service, queued["cursor"]) as back:
            assert await back.payload("recovered") == lost(0, "expired")
            assert await back.payload("job_status") == result["payload"]
            assert (await back.payload("job_status"))["status"] == "connected"


async def test_more_cursors_than_one_connection_may_follow_are_refused_and_it_stays_open() -> None:
    async with serving(job_pace=100, subscriptions=2) as service:
        cursors = []
        for _ in range(3):
            async with asking(service) as client:
                cursors.append((await ask_until(client, "running"))["cursor"])
        async with coming_back(service, *cursors) as back:
            for _ in range(2):
                assert await back.payload("recovered") == {"recovered": True, "missed": 0}
            assert (await back.payload("error"))["code"] == "too_many_subscriptions"
            assert (await back.payload("job_status"))["status"] == "connected"
            await back.hears_nothing()


async def test_a_job_is_told_once_however_many_cursors_of_it_come(service: Service) -> None:
    async with asking(service) as client:
        await client.say("job", {"type": "translate", "content": "hello"})
        _queuing, queued, *rest = await story(client)
    async with coming_back(service, *[queued["cursor"]] * 50, rest[0]["cursor"]) as back:
        assert await back.payload("recovered") == {"recovered": True, "missed": len(rest) - 1}
        assert await back.frames(len(rest) - 1) == rest[1:]
        assert (await back.payload("job_status"))["status"] == "connected"
        await back.hears_nothing()


async def test_no_more_ended_jobs_are_told_than_one_connection_may_watch() -> None:
    async with serving(subscriptions=2, job_pace=0) as service:
        cursors = []
        for _ in range(3):
            async with asking(service) as client:
                await client.say("job", {"type": "translate", "content": "hello"})
                cursors.append((await story(client))[-1]["cursor"])
        async with coming_back(service, *cursors) as back:
            for _ in range(2):
                assert await back.payload("recovered") == {"recovered": True, "missed": 0}
            assert (await back.payload("error"))["code"] == "too_many_subscriptions"
            assert (await back.payload("job_status"))["status"] == "connected"
