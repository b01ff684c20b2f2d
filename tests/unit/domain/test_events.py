"""Events: facts, which nobody can change afterwards, and which somebody hears."""

import dataclasses
import importlib
import pkgutil
from typing import get_args

import pytest

import domain
from domain import events
from domain.audiences import Audience
from domain.events import AnnouncementMade, MemberJoined
from domain.identity import JobId, Member, MemberId, MessageText
from domain.jobs import JobProgressed, JobStarted

ADA = Member(MemberId("ada"), "Ada")


KINDS = (events.LastEvent, events.PassingEvent, events.FencedEvent, events.GrowingEvent)
"""What events are, beside what they tell."""


def heard() -> set[type]:
    """Every event that some audience can be told: what the domain's annotations say."""
    found: set[type] = set()
    for module in pkgutil.iter_modules(domain.__path__, "domain."):
        of_module = vars(importlib.import_module(module.name))
        hints = [*of_module.get("__annotations__", {}).values()]
        hints += [
            value.__annotations__.get("return")
            for value in of_module.values()
            if hasattr(value, "__annotations__")
        ]
        for hint in hints:
            if getattr(hint, "__origin__", None) is Audience:
                (told,) = get_args(hint)
                found.update(get_args(told) or (told,))
    return found


def test_every_event_is_heard_by_somebody() -> None:
    defined = {
        value
        for value in vars(events).values()
        if isinstance(value, type) and value.__module__ == events.__name__ and value not in KINDS
    }
    assert defined - heard() == set()


@pytest.mark.parametrize("event", sorted(heard(), key=str), ids=lambda event: event.__name__)
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
    assert JobProgressed(JobId("7"), 1, 0.5, "Half").text is None


def test_an_announcement_is_not_the_clocks_unless_it_says_so() -> None:
    assert not AnnouncementMade(MessageText("Closing")).periodic
