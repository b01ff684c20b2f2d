"""Events: facts, which nobody can change afterwards."""

import dataclasses
from typing import get_args

import pytest

from domain import events
from domain.events import (
    Event,
    EventRecorded,
    JobProgressed,
    JobStarted,
    MemberJoined,
    NoticeKind,
)
from domain.identity import JobId, Member, MemberId

ADA = Member(MemberId("ada"), "Ada")


def test_every_event_belongs_to_the_union_that_the_broadcaster_takes() -> None:
    defined = {
        value
        for value in vars(events).values()
        if isinstance(value, type) and value.__module__ == events.__name__ and value != NoticeKind
    }

    assert set(get_args(Event)) == defined


@pytest.mark.parametrize("event", get_args(Event), ids=lambda event: event.__name__)
def test_an_event_is_a_frozen_fact(event: type) -> None:
    parameters = event.__dict__["__dataclass_params__"]

    assert dataclasses.is_dataclass(event)
    assert parameters.frozen
    assert "__dict__" not in dir(event)


def test_events_of_the_same_content_are_equal() -> None:
    assert MemberJoined(ADA, 2) == MemberJoined(ADA, 2)
    assert MemberJoined(ADA, 2) != MemberJoined(ADA, 3)
    assert JobStarted(JobId("7"), 1) != JobStarted(JobId("7"), 2)


def test_what_nobody_counted_is_none_rather_than_zero() -> None:
    assert MemberJoined(ADA).members is None
    assert JobProgressed(JobId("7"), 0.5, "Half").text is None


def test_an_event_carries_any_json_as_it_came() -> None:
    data: events.Json = {"path": ["/", None, 1.5, True]}

    assert EventRecorded("view", data, 1, 1).data is data


def test_the_kinds_of_notices_are_the_words_of_the_protocol() -> None:
    assert [str(kind) for kind in NoticeKind] == ["user", "system", "periodic"]
