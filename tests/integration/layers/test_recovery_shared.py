"""Many come back at once to a large history on Redis: it is read once, in pages, and shared."""

import asyncio

import pytest

from adapters.layers import history_redis
from adapters.layers.recovery_window import PAGE
from adapters.redis_connection import Client
from application.ports import Recovery
from tests.contracts.lane import LONG, bodies, cursors, publish
from tests.doubles import RecordingSubscriber, body_of
from tests.integration.footprint import calls
from tests.integration.layers.process import LaneProcess

pytestmark = pytest.mark.redis

MISSED = 3 * PAGE


async def test_a_crowd_that_comes_back_at_once_has_each_frame_once_in_memory(
    redis_client: Client, process: LaneProcess
) -> None:
    lane = process.lane(LONG)
    first, *_ = await cursors(lane, "g", *range(MISSED + 1))
    crowd = [RecordingSubscriber(str(number)) for number in range(60)]
    before = await calls(redis_client)

    found = await asyncio.gather(*(lane.attach("g", each, since=first) for each in crowd))

    assert found == [Recovery(MISSED)] * len(crowd)
    assert crowd[0].bodies == bodies(*range(1, MISSED + 1))
    assert len({id(frame) for each in crowd for frame in each.frames}) == MISSED
    # Of each page and each newcomer one, and as many to see what is the oldest.
    pages = MISSED // PAGE + 1 + len(crowd)
    assert (await calls(redis_client))["xrange"] - before["xrange"] <= 2 * pages

    feed = lane._feeds["g"]
    assert feed._window is not None
    feed._window.forget()
    del feed
    for each in crowd:
        each.frames.clear()
    assert process.limit.held == 0


@pytest.mark.parametrize("count", [PAGE - 1, PAGE, PAGE + 1])
async def test_a_history_is_whole_wherever_a_page_ends(process: LaneProcess, count: int) -> None:
    lane = process.lane(LONG)
    first, *_ = await cursors(lane, "g", *range(count + 1))
    ada = RecordingSubscriber()

    assert await lane.attach("g", ada, since=first) == Recovery(count)
    assert ada.bodies == bodies(*range(1, count + 1))
    for newest in (PAGE - 1, PAGE, PAGE + 1):
        recent = [body_of(frame) for frame in await lane.recent("g", newest)]
        assert recent == bodies(*range(count + 1))[-newest:]


async def test_a_process_that_was_cut_off_reads_a_large_gap_in_pages(
    redis_client: Client, process: LaneProcess
) -> None:
    lane = process.lane(LONG)
    ada = RecordingSubscriber()
    await lane.attach("g", ada)
    await publish(lane, "g", 0)
    await ada.wait_for(1)

    await redis_client.client_kill_filter(_type="pubsub")
    await publish(lane, "g", *range(1, 250))

    await ada.wait_for(250)
    assert ada.bodies == bodies(*range(250))


@pytest.mark.parametrize("page_bytes", [1, 40, 100])
async def test_a_page_ends_at_its_bytes_too_and_has_one_message_at_least(
    redis_client: Client,
    process: LaneProcess,
    monkeypatch: pytest.MonkeyPatch,
    page_bytes: int,
) -> None:
    lane = process.lane(LONG)
    first, *_ = await cursors(lane, "g", *range(21))
    monkeypatch.setattr(history_redis, "PAGE_BYTES", page_bytes)
    ada = RecordingSubscriber()
    before = await calls(redis_client)

    assert await lane.attach("g", ada, since=first) == Recovery(20)
    assert ada.bodies == bodies(*range(1, 21))
    assert (await calls(redis_client))["xrange"] - before["xrange"] > 2 * 2
