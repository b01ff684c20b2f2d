"""What becomes of a frame that is too much: of a connection, or of a member on all of them."""

import pytest

from adapters.limits.limited import Limited
from adapters.sessions import disconnects
from adapters.sessions.brake import Brake
from adapters.sessions.disconnects import Disconnect
from adapters.sessions.rate_limit import Pace
from adapters.sessions.registry import Registry
from adapters.sessions.state import State
from application.errors import RateLimited
from tests.unit.adapters.sessions.slowed import Slowed, Time
from tests.unit.adapters.sessions.visit import settings

pytestmark = pytest.mark.usefixtures("time")

PATIENCE = 10.0


def brake_of(*, dry_run: bool = False) -> Brake:
    return Brake(Registry(settings(flood_seconds=PATIENCE), limited=Limited(dry_run=dry_run)))


# A connection.


@pytest.mark.parametrize(
    ("pace", "told", "ends"),
    [
        (Pace.FLOOD_BEGINS, 1, []),
        (Pace.FLOOD, 0, []),
        (Pace.FLOOD_GOES_ON, 0, [disconnects.TOO_FAST]),
    ],
    ids=lambda value: value.name if isinstance(value, Pace) else "",
)
async def test_a_connection_is_told_once_waits_always_and_goes_in_the_end(
    slowed: Slowed, time: Time, pace: Pace, told: int, ends: list[Disconnect]
) -> None:
    await brake_of().slow_down(slowed, pace, 0.5)

    assert [each["scope"] for each in slowed.sent] == ["connection"] * told
    assert slowed.ends == ends
    assert time.slept == [0.5]


async def test_a_dry_run_slows_no_connection(slowed: Slowed, time: Time) -> None:
    one = brake_of(dry_run=True)
    for pace in (Pace.FLOOD_BEGINS, Pace.FLOOD, Pace.FLOOD_GOES_ON):
        await one.slow_down(slowed, pace, 0.5)
    assert (slowed.sent, slowed.ends, time.slept) == ([], [], [])


# A member.


async def test_a_member_s_frame_is_refused_and_its_connection_waits(
    slowed: Slowed, time: Time
) -> None:
    assert await brake_of().hold_back(slowed, "hello", 2.0) is None

    (told,) = slowed.sent
    assert (told["code"], told["scope"]) == ("rate_limited", "member")
    assert told["retry_after_ms"] == pytest.approx(2_000, abs=1)
    assert (slowed.ends, time.slept) == ([], [2.0])


async def test_what_can_name_the_refused_frame_is_given_it(slowed: Slowed) -> None:
    refused: list[tuple[str | bytes, RateLimited]] = []
    one = brake_of()
    one.refuse = lambda frame, error: refused.append((frame, error))

    await one.hold_back(slowed, "hello", 2.0)

    ((frame, error),) = refused
    assert (frame, error.scope, error.retry_after) == ("hello", "member", 2.0)
    assert slowed.sent == []


async def test_nobody_is_held_back_for_longer_than_a_flood_may_last(
    slowed: Slowed, time: Time
) -> None:
    await brake_of().hold_back(slowed, "hello", 3_600.0)
    assert time.slept == [PATIENCE]


async def test_what_holds_no_message_waits_and_is_answered_by_nothing(
    slowed: Slowed, time: Time
) -> None:
    assert await brake_of().hold_back(slowed, None, 2.0) is None
    assert (slowed.sent, time.slept) == ([], [2.0])


async def test_who_is_leaving_is_told_no_more_and_waits(slowed: Slowed, time: Time) -> None:
    slowed.state = State.LEAVING
    assert await brake_of().hold_back(slowed, "hello", 2.0) is None
    assert (slowed.sent, time.slept) == ([], [2.0])


async def test_a_dry_run_has_a_member_s_frame_handled(slowed: Slowed, time: Time) -> None:
    one = brake_of(dry_run=True)
    for _ in range(3):
        assert await one.hold_back(slowed, "hello", 2.0) == "hello"
        time.now += PATIENCE
    assert (slowed.sent, slowed.ends, time.slept) == ([], [], [])


async def test_a_member_that_goes_on_for_longer_than_a_flood_may_last_goes(
    slowed: Slowed, time: Time
) -> None:
    one = brake_of()
    for _ in range(3):
        await one.hold_back(slowed, "hello", 2.0)
        time.now += PATIENCE / 2
    assert slowed.ends == []

    time.now += 1e-3
    await one.hold_back(slowed, "hello", 2.0)

    assert slowed.ends == [disconnects.TOO_FAST]
