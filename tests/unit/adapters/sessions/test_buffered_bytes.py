"""What waits in the whole process is one sum; past its bound whoever holds most goes."""

import asyncio
import json
from collections.abc import Sequence
from sys import getsizeof
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.limits.limited import Limited
from adapters.sessions.buffered_bytes import BufferedBytes, Share
from adapters.sessions.mailbox import Mailbox
from adapters.sessions.registry import Registry
from adapters.sessions.session import Session
from adapters.sessions.state import State
from application.ports import Recovery
from tests.unit.adapters.sessions.visit import ADA, settings
from tests.unit.adapters.sessions.wire import Wire
from tests.waiting import eventually

LIMIT = 64 * 1024
QUARTER = "x" * (LIMIT // 4)

texts = st.text("aü👋", max_size=60)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), texts),
        st.tuples(st.just("put"), st.dictionaries(texts, texts, max_size=2)),
        st.tuples(st.just("put_beyond"), st.lists(texts, max_size=3)),
        st.tuples(st.just("take"), st.none()),
        st.tuples(st.just("read"), st.integers(1, 500)),
        st.tuples(st.just("clear"), st.none()),
        st.tuples(st.just("end"), st.none()),
    ).flatmap(lambda step: st.tuples(st.integers(0, 2), st.just(step))),
    max_size=60,
)


def held(items: Sequence[Any]) -> int:
    return sum(getsizeof(each if isinstance(each, str) else repr(each)) for each in items)


@given(steps)
def test_the_sum_is_that_of_all_mailboxes_and_inboxes_in_any_order_and_nothing_in_the_end(
    steps: list[tuple[int, tuple[str, Any]]],
) -> None:
    buffered = BufferedBytes(10**9, lambda: None)
    shares = [Share(buffered) for _ in range(3)]
    mailboxes = [Mailbox(share, max_frames=4, max_bytes=1_000) for share in shares]
    items: list[list[Any]] = [[], [], []]
    inboxes, ended = [0] * 3, set[int]()
    for which, (step, argument) in steps:
        share, mailbox, expected = shares[which], mailboxes[which], items[which]
        if step == "put" and mailbox.put(argument):
            expected.append(argument)
        elif step == "put_beyond":
            mailbox.put_beyond(argument)
            expected.extend(argument)
        elif step == "take" and mailbox:
            assert mailbox.take() == expected.pop(0)
        elif step == "read":
            share.add(argument)
            inboxes[which] += argument
        elif step == "clear":
            mailbox.clear()
            expected.clear()
        elif step == "end":
            share.end()
            ended.add(which)
        sizes = [0 if which in ended else held(items[which]) + inboxes[which] for which in range(3)]
        assert [share.size for share in shares] == sizes
        assert buffered.total == sum(sizes)
    for share in shares:
        share.end()
    assert buffered.total == 0


class Crowd:
    """Sessions of one process that wait for their readers."""

    def __init__(self, count: int, *, dry_run: bool = False, **given: Any) -> None:
        self.limited = Limited(dry_run=dry_run)
        usual = {"buffered_bytes": LIMIT, "mailbox_bytes": 16 * LIMIT, "send_timeout": 600}
        self.registry = Registry(settings(**{**usual, **given}), limited=self.limited)
        self.wires = [Wire() for _ in range(count)]
        self.sessions = [Session(self.registry, wire, ADA) for wire in self.wires]
        for wire, session in zip(self.wires, self.sessions, strict=True):
            wire.is_free = False
            session.begin()

    @property
    def states(self) -> list[State]:
        return [session.state for session in self.sessions]

    async def leaves(self) -> None:
        for wire, session in zip(self.wires, self.sessions, strict=True):
            wire.gets_free()
            await session.end()
        assert self.registry.totals().buffered_bytes == 0


async def settled() -> None:
    """The relief comes a turn later; the writer that it wakes, one more."""
    for _ in range(5):
        await asyncio.sleep(0)


OPEN, LEAVING = State.OPEN, State.LEAVING


async def test_past_the_bound_whoever_holds_most_goes_and_the_others_stay(
    caplog: pytest.LogCaptureFixture,
) -> None:
    crowd = Crowd(3)
    for session, frames in zip(crowd.sessions, (2, 3, 1), strict=True):
        for _ in range(frames):
            session.send(QUARTER)
    assert crowd.registry.buffered.total > LIMIT
    assert crowd.states == [OPEN, OPEN, OPEN]  # nobody goes in the middle of a publish
    await settled()
    assert crowd.states == [OPEN, LEAVING, OPEN]
    assert crowd.registry.buffered.total < LIMIT
    assert crowd.limited.counts == {("buffered_bytes", "process"): 1}
    (line,) = [record for record in caplog.records if "held most" in record.message]
    assert vars(line)["connection"] == crowd.sessions[1].connection_id
    assert vars(line)["bytes"] == 2 * getsizeof(QUARTER)  # the first is under way
    crowd.wires[1].gets_free()
    await eventually(lambda: crowd.wires[1].closed is not None)
    assert json.loads(crowd.wires[1].frames[-1])["payload"]["code"] == 4408
    await crowd.leaves()


async def test_as_many_go_as_it_takes() -> None:
    crowd = Crowd(4)
    for session, frames in zip(crowd.sessions, (5, 1, 4, 2), strict=True):
        for _ in range(frames):
            session.send(QUARTER)
    await settled()
    assert crowd.states == [LEAVING, OPEN, LEAVING, OPEN]
    await crowd.leaves()


async def test_what_clients_come_back_to_counts_although_a_mailbox_takes_it_beyond_its_bounds() -> (
    None
):
    crowd = Crowd(2)
    crowd.sessions[0].recover(Recovery(missed=5), [QUARTER] * 5)
    await settled()
    assert crowd.states == [LEAVING, OPEN]
    await crowd.leaves()


async def test_what_was_read_and_is_not_handled_counts_and_is_dropped() -> None:
    crowd = Crowd(2)
    crowd.sessions[1].send(QUARTER)
    await settled()
    crowd.sessions[1].send(QUARTER)
    crowd.wires[0].reads_ahead(LIMIT)
    await settled()
    assert crowd.states == [LEAVING, OPEN]
    assert [wire.is_dropped for wire in crowd.wires] == [True, False]
    assert crowd.registry.buffered.total < LIMIT
    await crowd.leaves()


async def test_whoever_is_leaving_already_and_holds_most_is_ended_at_once() -> None:
    crowd = Crowd(2)
    crowd.sessions[0].recover(Recovery(missed=3), [QUARTER] * 3)
    await crowd.registry.drain(0)
    assert crowd.states == [LEAVING, LEAVING]
    crowd.wires[0].reads_ahead(LIMIT)
    await settled()
    assert [wire.is_aborted.is_set() for wire in crowd.wires] == [True, False]
    assert crowd.registry.buffered.total < LIMIT
    await crowd.leaves()


async def test_a_dry_run_counts_and_disconnects_nobody() -> None:
    crowd = Crowd(2, dry_run=True)
    for session in crowd.sessions:
        for _ in range(4):
            session.send(QUARTER)
    await settled()
    assert crowd.states == [OPEN, OPEN]
    assert crowd.limited.counts == {("buffered_bytes", "process"): 1}
    await crowd.leaves()


async def test_a_frame_that_is_written_at_once_is_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crowd = Crowd(1)
    crowd.wires[0].is_free = True
    changes: list[int] = []
    monkeypatch.setattr(BufferedBytes, "add", lambda _self, size: changes.append(size))
    crowd.sessions[0].send(QUARTER)
    assert crowd.wires[0].frames == [QUARTER]
    assert changes == []
    monkeypatch.undo()
    await crowd.leaves()
