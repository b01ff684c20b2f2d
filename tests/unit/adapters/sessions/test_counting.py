"""Which frames and bytes of a connection and of its member are counted, and when."""

import pytest

from adapters.buckets import Rate
from adapters.limits.limited import Limited
from adapters.sessions.brake import STEPS, Brake
from adapters.sessions.registry import Registry
from adapters.sessions.transport import Overhead
from adapters.storage.member_rates_memory import MemoryMemberRates
from application.member_rates import MemberRates
from domain.identity import NOBODY, Caller, MemberId
from tests.unit.adapters.sessions.slowed import Slowed, Time
from tests.unit.adapters.sessions.visit import ADA, Visit, settings

pytestmark = pytest.mark.usefixtures("time")

PATIENCE = 10.0


class Counting(MemberRates):
    """Notes what is spent and owed, and by whom; all of it is fine, or takes `wait` seconds."""

    def __init__(self, frame_burst: float = 1.0, byte_burst: float = 1.0) -> None:
        self.bursts = frame_burst, byte_burst
        self.wait = 0.0
        self.spent: list[tuple[MemberId, int, int]] = []
        self.owed: list[tuple[MemberId, int, int]] = []

    def spend(self, member: MemberId, frames: int, size: int) -> float:
        self.spent.append((member, frames, size))
        return self.wait

    def owe(self, member: MemberId, frames: int, size: int) -> None:
        if frames:
            self.owed.append((member, frames, size))


SENT = {
    "ASCII": ("hello", 1, 5),
    "characters of many bytes": ("é€😀", 1, 9),
    "binary": (b"\xff\xff", 1, 2),
    "no message": (Overhead(3, 0, 500), 3, 500),
}


@pytest.mark.parametrize(("sent", "frames", "size"), SENT.values(), ids=SENT)
async def test_of_a_member_the_bytes_on_the_wire_count(
    sent: str | bytes | Overhead, frames: int, size: int
) -> None:
    counting = Counting()
    visit = Visit(counting)
    visit.wire.says(sent)
    visit.wire.hangs_up()

    await visit.serve()

    assert counting.spent == [(ADA.member.id, frames, size)]


@pytest.mark.parametrize(("sent", "_frames", "size"), SENT.values(), ids=SENT)
async def test_of_a_connection_the_bytes_on_the_wire_count(
    sent: str | bytes | Overhead, _frames: int, size: int, time: Time
) -> None:
    for burst in (size, size - 1):
        visit = Visit(bytes_per_second=1, byte_burst=burst, flood_seconds=PATIENCE)
        visit.wire.says(sent)
        visit.wire.hangs_up()

        await visit.serve()

        told = [each["scope"] for each in visit.payloads]
        assert told == ["connection"] * (burst < size), burst
    assert time.slept == [pytest.approx(1)]


@pytest.mark.parametrize(
    ("frame_burst", "byte_burst", "texts", "spent", "owed"),
    [
        (2 * STEPS, 1e9, ["ab"] * 6, [(1, 2)] * 3, [(1, 2)] * 3),
        (1e9, 6 * STEPS, ["abcd"] * 6, [(1, 4)] * 3, [(1, 4)] * 3),
        (STEPS - 1, 1e9, ["ab"] * 2, [(1, 2)] * 2, []),
    ],
    ids=["by frames", "by bytes", "each one of a small burst"],
)
async def test_the_first_is_counted_at_once_the_others_in_steps_and_the_rest_at_the_end(
    frame_burst: float,
    byte_burst: float,
    texts: list[str],
    spent: list[tuple[int, int]],
    owed: list[tuple[int, int]],
) -> None:
    counting = Counting(frame_burst, byte_burst)
    visit = Visit(counting, frame_burst=10_000)
    visit.wire.says(*texts)
    visit.wire.hangs_up()

    await visit.serve()

    assert [each[1:] for each in counting.spent] == spent
    assert [each[1:] for each in counting.owed] == owed


async def test_many_short_connections_get_no_more_than_a_long_one() -> None:
    rates = MemoryMemberRates(Rate(0.01, 4 * STEPS), Rate(1e9, 1e9))
    handled = 0
    for _ in range(2 * STEPS):
        visit = Visit(rates, frame_burst=4 * STEPS, flood_seconds=PATIENCE)
        visit.wire.says(*["x"] * 4)
        visit.wire.hangs_up()
        await visit.serve()
        handled += len(visit.handled)
    assert 4 * STEPS <= handled < 4 * STEPS + 4


async def test_those_who_have_not_said_who_they_are_share_no_rate(slowed: Slowed) -> None:
    counting = Counting(4 * STEPS, 1e9)
    one = Brake(Registry(settings(), counting, Limited(dry_run=False)))
    counting.wait = 1.0
    slowed.caller = Caller(NOBODY, "192.0.2.1")
    assert await one.count(slowed, "a", (1, 10), (0, 0)) == "a"
    one.leave(slowed, (3, 30))
    assert (counting.spent, counting.owed) == ([], [])

    # From the first frame after that on they are asked about.
    assert one.frame_step == 0
    slowed.caller = ADA
    assert await one.count(slowed, "b", (1, 10), (0, 0)) is None


async def test_a_connection_goes_over_its_burst_by_less_than_a_step(time: Time) -> None:
    for sent, slept in ((2 * STEPS + 1, 0), (2 * STEPS + 2, 1)):
        visit = Visit(frame_burst=2 * STEPS, frames_per_second=1, flood_seconds=PATIENCE)
        visit.wire.says(*["x"] * sent)
        visit.wire.hangs_up()
        await visit.serve()
        assert len(time.slept) == slept, sent


async def test_after_a_refusal_each_frame_is_asked_about_until_one_is_taken(
    slowed: Slowed,
) -> None:
    counting = Counting(4 * STEPS, 1e9)
    one = Brake(Registry(settings(), counting, Limited(dry_run=False)))
    await one.count(slowed, "a", (1, 10), (0, 0))
    assert one.frame_step == 4

    counting.wait = 1.0
    assert await one.count(slowed, "e", (1, 10), (3, 30)) is None
    assert one.frame_step == 0
    assert await one.count(slowed, "f", (1, 10), (0, 0)) is None
    counting.wait = 0.0
    assert await one.count(slowed, "g", (1, 10), (0, 0)) == "g"

    assert [each[1:] for each in counting.spent] == [(1, 10)] * 4
    assert [each[1:] for each in counting.owed] == [(3, 30)]
    assert one.frame_step == 4


async def test_a_dry_run_asks_about_no_more_frames(slowed: Slowed) -> None:
    counting = Counting(4 * STEPS, 1e9)
    one = Brake(Registry(settings(), counting, Limited(dry_run=True)))
    counting.wait = 1.0
    assert await one.count(slowed, "d", (1, 10), (3, 30)) == "d"
    assert one.frame_step == 4
