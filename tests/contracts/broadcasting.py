"""What the contracts of broadcasting have in common: the lanes, and what is said to whom."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

import pytest

from adapters.lane_table import LANE_OF, LANES, LanePlan
from application.ports import Broadcaster, History, Subscriptions
from domain import jobs, rooms
from domain.audiences import Audience
from domain.events import MessageSaid
from domain.identity import JobId, Member, MemberId, MessageText, RoomName
from tests.sockets import fixed_audiences

SUBSCRIPTION_LIMIT = 4

PLANS: Mapping[str, LanePlan] = {
    name: replace(plan, capacity=100, expiry=60) for name, plan in LANES.items()
}
"""The lanes under the fixture `broadcaster`."""

ADA = Member(MemberId("ada"), "Ada")
JOB = JobId("7")
LOBBY = rooms.audience(RoomName("lobby"))


def job(job_id: JobId) -> Audience[Any]:
    """Here anything may be told to the watchers of a job."""
    return jobs.audience(job_id)


EVERYBODY: list[Audience[Any]] = [*fixed_audiences(), LOBBY, job(JOB)]
DURABLE = [each for each in EVERYBODY if LANES[LANE_OF[each.kind]].is_durable]
EPHEMERAL = [each for each in EVERYBODY if each not in DURABLE]
everywhere = pytest.mark.parametrize("audience", EPHEMERAL + DURABLE, ids=lambda it: it.kind.value)
durable = pytest.mark.parametrize("audience", DURABLE, ids=lambda it: it.kind.value)


class Broadcasting(Broadcaster, Subscriptions, History, Protocol):
    """The three ports that are implemented together."""


def encode(_audience: Audience[Any], event: Any) -> str:
    """What the fixture `broadcaster` encodes with: the text said, or the event's name."""
    text = event.text.value if isinstance(event, MessageSaid) else type(event).__name__
    return json.dumps({"said": text})


def said(text: str) -> MessageSaid:
    return MessageSaid(ADA, MessageText(text))


def texts(frames: list[str]) -> list[Any]:
    return [json.loads(frame)["said"] for frame in frames]
