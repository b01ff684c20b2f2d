from typing import Any

import pytest

from domain.analytics import ANALYTICS, EventRecorded
from domain.events import AnnouncementMade
from domain.identity import Member, MemberId, MessageText
from tests.frames import SOMEONE
from tests.unit.adapters.websocket.driving import Service, serving
from tests.unit.adapters.websocket.presenting import assert_told

TEXT = MessageText("hello")


PATH = "/ws/analytics"


async def test_connecting_and_leaving_are_told_to_nobody(service: Service) -> None:
    async with service.socket(PATH) as first:
        async with service.socket(PATH) as second:
            await second.hears_nothing()
        await first.hears_nothing()


async def test_an_event_is_heard_by_all_with_its_counts(service: Service) -> None:
    async with service.socket(PATH) as first, service.socket(PATH) as second:
        await first.say("analytics", {"event": "click", "data": {"x": 1}})
        await first.say("analytics", {"event": "view"})
        await first.say("analytics", {"event": "click"})
        for member in (first, second):
            click, view, again = await member.frames(3)
            assert click["action"] == "analytics_notification"
            assert click["payload"] == {
                "event": "📊 Analytics: click",
                "data": {"x": 1},
                "name": "click",
                "count": 1,
                "total": 1,
                "member": SOMEONE,
            }
            assert view["payload"]["data"] is None
            assert (view["payload"]["count"], view["payload"]["total"]) == (1, 2)
            assert (again["payload"]["count"], again["payload"]["total"]) == (2, 3)
            assert len({frame["cursor"] for frame in (click, view, again)}) == 3


@pytest.mark.parametrize(
    "data",
    [
        None,
        True,
        0,
        -1.5,
        "text",
        [],
        {},
        {"a": [1, {"b": None}]},
        10**50,
        "👋\u2028\\",
        {"action": "chat"},
        {"": {"": ""}},
    ],
    ids=repr,
)
async def test_data_is_any_json_and_comes_back_as_it_was(service: Service, data: Any) -> None:
    async with service.socket(PATH) as client:
        await client.say("analytics", {"event": "e", "data": data})
        payload = await client.payload("analytics_notification")
        assert payload["data"] == data
        assert type(payload["data"]) is type(data)


async def test_a_tally_answers_the_asker_alone(service: Service) -> None:
    async with service.socket(PATH) as client, service.socket(PATH) as other:
        for event in ("view", "click", "click"):
            await client.say("analytics", {"event": event})
        await client.frames(3)
        await other.frames(3)
        await client.say("analytics_tally", ref="t")
        assert await client.frame() == {
            "action": "analytics_tally",
            "payload": {"total": 3, "counts": {"click": 2, "view": 1}},
            "version": 1,
            "ref": "t",
        }
        await other.hears_nothing()


@pytest.mark.parametrize("name", ["", "  ", "x" * 201])
async def test_an_event_without_a_sensible_name_is_refused_and_not_counted(
    service: Service, name: str
) -> None:
    async with service.socket(PATH) as client:
        await client.say("analytics", {"event": name})
        refused = await client.payload("error")
        assert (refused["code"], refused["retryable"]) == ("event_is_impossible", False)
        await client.say("analytics_tally")
        assert await client.payload("analytics_tally") == {"total": 0, "counts": {}}


async def test_data_over_its_limit_is_refused() -> None:
    async with serving(event_data_bytes=16) as service, service.socket(PATH) as client:
        await client.say("analytics", {"event": "e", "data": "x" * 14})
        await client.payload("analytics_notification")
        await client.say("analytics", {"event": "e", "data": "x" * 15})
        assert (await client.payload("error"))["code"] == "event_is_impossible"


def test_watchers_of_analytics_hear_every_event_in_its_words() -> None:
    assert_told(
        ANALYTICS,
        "analytics_notification",
        [
            (
                EventRecorded(Member(MemberId("2"), "Anna"), "click", {"x": [1]}, 2, 3),
                {
                    "event": "📊 Analytics: click",
                    "data": {"x": [1]},
                    "name": "click",
                    "count": 2,
                    "total": 3,
                    "member": {"id": "2", "name": "Anna"},
                },
            ),
            (
                AnnouncementMade(TEXT),
                {
                    "event": "hello",
                    "data": None,
                    "name": None,
                    "count": None,
                    "total": None,
                },
            ),
        ],
    )
