"""Broadcasting over lanes in memory: the contract, and what it costs."""

import json
from typing import Any

import pytest

from adapters.lane_table import LANE_OF
from adapters.layers.broadcaster import LaneBroadcaster
from adapters.layers.lane_memory import MemoryLane
from domain import jobs, rooms
from domain.audiences import Audience
from domain.chat import CHAT, RELIABLE
from domain.events import MemberJoined
from domain.identity import JobId, RoomName
from domain.jobs import (
    JobCancelled,
    JobEvent,
    JobFailed,
    JobProgressed,
    JobQueued,
    JobStarted,
    JobSucceeded,
)
from tests import sockets
from tests.contracts.broadcaster import BroadcasterContract
from tests.contracts.broadcaster_history import BroadcasterHistoryContract
from tests.contracts.broadcasting import (
    ADA,
    JOB,
    PLANS,
    SUBSCRIPTION_LIMIT,
    Broadcasting,
    encode,
    said,
)
from tests.doubles import EventBook, ManualClock, RecordingSubscriber, body_of

Lanes = dict[str, MemoryLane]


@pytest.fixture
def lanes() -> Lanes:
    clock = ManualClock()
    return {name: MemoryLane(plan, clock) for name, plan in PLANS.items()}


@pytest.fixture
def broadcaster(lanes: Lanes) -> Broadcasting:
    return LaneBroadcaster(lanes, encode, subscription_limit=SUBSCRIPTION_LIMIT)


class TestLaneBroadcaster(BroadcasterContract, BroadcasterHistoryContract):
    """The contract, over memory lanes."""


@pytest.mark.parametrize("subscribers", [0, 1, 50])
@pytest.mark.parametrize("audience", [CHAT, RELIABLE], ids=["ephemeral", "durable"])
async def test_an_event_is_encoded_once_whatever_the_number_of_subscribers(
    lanes: Lanes, audience: Audience[Any], subscribers: int
) -> None:
    book = EventBook()
    broadcaster = LaneBroadcaster(lanes, book, subscription_limit=9)
    listening = [RecordingSubscriber(str(number)) for number in range(subscribers)]
    for subscriber in listening:
        await broadcaster.subscribe(audience, subscriber)

    await broadcaster.publish(audience, MemberJoined(ADA))

    assert book.encoded == [(audience, MemberJoined(ADA))]
    frames = [frame for subscriber in listening for frame in subscriber.frames]
    assert len(frames) == subscribers
    # Not only equal: the very same text, so a crowd costs no copies.
    assert len({id(frame) for frame in frames}) == min(1, subscribers)


async def test_missed_events_are_not_encoded_again(lanes: Lanes) -> None:
    book = EventBook()
    broadcaster = LaneBroadcaster(lanes, book, subscription_limit=9)
    ada = RecordingSubscriber()
    await broadcaster.subscribe(RELIABLE, ada)
    for text in ("one", "two", "three"):
        await broadcaster.publish(RELIABLE, said(text))

    await broadcaster.drop(ada)
    await broadcaster.subscribe(RELIABLE, ada, since=ada.cursor)
    await broadcaster.recent(RELIABLE, 9)

    assert len(book.encoded) == 3


async def test_each_audience_rides_on_its_own_lane_and_no_other(lanes: Lanes) -> None:
    book = EventBook()
    broadcaster = LaneBroadcaster(lanes, book, subscription_limit=9)
    lobby = rooms.audience(RoomName("lobby"))
    listening = {name: RecordingSubscriber(name) for name in lanes}
    for name, lane in lanes.items():
        for group in ("chat", "room.lobby"):
            await lane.attach(group, listening[name])

    await broadcaster.publish(CHAT, said("in chat"))
    await broadcaster.publish(lobby, said("in a room"))

    assert {
        name: [body_of(frame) for frame in subscriber.frames]
        for name, subscriber in listening.items()
        if subscriber.frames
    } == {"chat": ['{"event":0}'], "rooms": ['{"event":1}']}


@pytest.mark.parametrize(
    ("event", "is_last"),
    [
        (JobQueued(JOB, ADA), False),
        (JobStarted(JOB, 1), False),
        (JobProgressed(JOB, 1, 1.0, "Nearly"), False),
        (JobSucceeded(JOB, "done"), True),
        (JobFailed(JOB, "no"), True),
        (JobCancelled(JOB), True),
    ],
    ids=lambda it: type(it).__name__,
)
async def test_only_the_end_of_a_job_closes_its_audience(
    lanes: Lanes, event: JobEvent, is_last: bool
) -> None:
    broadcaster = LaneBroadcaster(lanes, encode, subscription_limit=9)
    ada = RecordingSubscriber()
    await broadcaster.subscribe(jobs.audience(JOB), ada)

    await broadcaster.publish(jobs.audience(JOB), event)

    assert len(ada.frames) == 1
    assert lanes["jobs"].attached(ada) == (0 if is_last else 1)


async def test_the_limit_counts_only_what_shares_a_lane(lanes: Lanes) -> None:
    broadcaster = LaneBroadcaster(lanes, encode, subscription_limit=1)
    ada = RecordingSubscriber()

    await broadcaster.subscribe(jobs.audience(JobId("1")), ada)
    await broadcaster.subscribe(CHAT, ada)

    assert lanes[LANE_OF[CHAT.kind]].attached(ada) == 1


async def test_each_audience_gets_the_frames_of_its_socket(lanes: Lanes) -> None:
    broadcaster = LaneBroadcaster(lanes, sockets.encode, subscription_limit=9)
    ada = RecordingSubscriber()
    await broadcaster.subscribe(RELIABLE, ada)
    await broadcaster.subscribe(CHAT, ada)

    await broadcaster.publish(RELIABLE, said("hello"))
    await broadcaster.publish(CHAT, said("hello"))

    assert [json.loads(body) for body in ada.bodies] == [
        {"action": action, "payload": {"message": text, "member": {"id": "ada", "name": "Ada"}}}
        for action, text in (
            ("reliable_chat_notification", "📨 hello"),
            ("chat_notification", "💬 hello"),
        )
    ]
