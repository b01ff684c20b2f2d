"""A session without a socket: a transport of a few lines carries all of it."""

import asyncio
import json
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

import pytest

from adapters.sessions import disconnects
from adapters.sessions.disconnects import CloseCode
from adapters.sessions.reading import BYTES_LIKE_A_FRAME, FRAMES_A_TURN
from adapters.sessions.registry import Registry
from adapters.sessions.session import Session
from adapters.sessions.state import State
from adapters.sessions.transport import Overhead, Transport, never_now
from application.ports import Cursor, LossReason, Recovery
from tests.unit.adapters.sessions.visit import ADA, Guestbook, Visit, settings
from tests.waiting import DEADLINE, eventually


async def test_a_whole_session_from_the_first_frame_to_the_goodbye() -> None:
    visit, guestbook = Visit(), Guestbook()
    await visit.session.host(guestbook, [Cursor("here")])
    visit.session.send("welcome")
    assert visit.wire.frames == []
    serving = asyncio.create_task(visit.serve())
    await eventually(lambda: visit.wire.frames == ["welcome"])
    visit.wire.says("one", b"two")
    await eventually(lambda: visit.handled == ["one", b"two"])
    visit.session.deliver("heard")
    assert visit.wire.frames == ["welcome", "heard"]
    assert visit.registry.totals().frames_received == 2
    visit.wire.hangs_up()
    await asyncio.wait_for(serving, DEADLINE)
    assert guestbook.notes == ["opened ['here']", "closed"]
    assert visit.session.state is State.ENDED
    assert len(visit.registry) == 0


class Pipe(Transport):
    """The least that carries a session: it can only `send`."""

    def __init__(self, *incoming: str) -> None:
        self.write_now = never_now
        self.sent: list[object] = []
        self._incoming = iter(incoming)

    def count_unhandled(self, changed: object) -> None:
        """Nothing is read ahead."""

    def drop_unhandled(self) -> None:
        self.sent.append("dropped")

    async def receive(self) -> str | None:
        return next(self._incoming, None)

    async def send(self, frame: str) -> None:
        self.sent.append(frame)

    async def close(self, code: int, reason: str) -> None:
        self.sent.append((code, reason))

    def abort(self) -> None:
        self.sent.append("aborted")


async def test_a_transport_of_a_few_lines_carries_a_whole_session() -> None:
    pipe = Pipe("question", "never handled")
    session, guestbook = Session(Registry(settings()), pipe, ADA), Guestbook()

    async def handle(frame: str | bytes) -> None:
        session.deliver(f"answer to {frame!r}")
        session.disconnect(disconnects.restarting(1.0))
        await eventually(lambda: len(pipe.sent) == 5)

    await session.host(guestbook, [])
    session.recover(Recovery(1), ["missed"])
    await asyncio.wait_for(session.serve(handle), DEADLINE)
    recovered, missed, answer, told, closed = pipe.sent
    assert (missed, answer) == ("missed", "answer to 'question'")
    assert '"recovered"' in str(recovered)
    assert '"disconnect"' in str(told)
    assert closed == (1012, "The server restarts.")
    assert guestbook.notes == ["opened []", "closed"]


async def test_frames_keep_their_order_whatever_the_wire_takes() -> None:
    visit = Visit()
    visit.session.begin()
    visit.session.send("1")
    visit.wire.is_free = False
    for text in "234":
        visit.session.send(text)
    visit.wire.gets_free()
    visit.session.send("5")
    await eventually(lambda: len(visit.wire.frames) == 5)
    assert visit.wire.frames == list("12345")


# A recovery.


async def test_what_was_missed_comes_before_anything_newer_and_whatever_the_bounds() -> None:
    visit = Visit(mailbox_frames=8)
    missed = [f"missed {number}" for number in range(100)]
    visit.session.recover(Recovery(100), missed)
    visit.session.deliver("newer")
    visit.session.begin()
    await eventually(lambda: len(visit.wire.frames) == 102)
    recovered, *frames = visit.wire.frames
    assert json.loads(recovered) == {
        "action": "recovered",
        "payload": {"recovered": True, "missed": 100},
    }
    assert frames == [*missed, "newer"]


async def test_a_loss_is_told_with_its_reason() -> None:
    visit = Visit()
    visit.session.begin()
    visit.session.recover(Recovery(0, LossReason.TRIMMED), [])
    await eventually(lambda: visit.wire.frames)
    assert visit.payloads == [{"recovered": False, "missed": 0, "reason": "trimmed"}]


# A flood.


async def test_a_talkative_client_leaves_others_their_turn() -> None:
    visit = Visit()
    visit.wire.says(*["x"] * FRAMES_A_TURN * 3)
    serving = asyncio.create_task(visit.serve())
    await asyncio.sleep(0)
    assert len(visit.handled) == FRAMES_A_TURN
    visit.wire.hangs_up()
    await serving


async def test_large_frames_leave_others_their_turn_sooner() -> None:
    visit = Visit()
    visit.wire.says(*["x" * BYTES_LIKE_A_FRAME * FRAMES_A_TURN] * 2)
    serving = asyncio.create_task(visit.serve())
    await asyncio.sleep(0)
    assert len(visit.handled) == 1
    visit.wire.hangs_up()
    await serving
    assert len(visit.handled) == 2


async def test_frames_without_a_message_leave_others_their_turn_and_are_handled_by_nobody() -> None:
    visit = Visit()
    visit.wire.says(Overhead(FRAMES_A_TURN, 0), "x")
    serving = asyncio.create_task(visit.serve())
    await asyncio.sleep(0)
    assert visit.handled == []
    visit.wire.hangs_up()
    await serving
    assert visit.handled == ["x"]
    assert visit.session.frames_received == 1


async def test_frames_without_a_message_are_a_flood_like_any_others() -> None:
    visit = Visit(frames_per_second=1, frame_burst=10, flood_seconds=0.001)
    visit.wire.says(*[Overhead(10, 0)] * 10)
    await asyncio.wait_for(visit.serve(), DEADLINE)
    told, goodbye = visit.payloads
    assert told["code"] == "rate_limited"
    assert goodbye["code"] == CloseCode.TOO_FAST
    assert visit.wire.closed is not None
    assert visit.wire.closed[0] == CloseCode.TOO_FAST


@pytest.mark.parametrize("more", [0, 1])
async def test_answers_that_its_client_does_not_read_are_bounded_by_the_mailbox(more: int) -> None:
    visit = Visit(mailbox_bytes=64 * 1024)
    visit.wire.says(Overhead(16, 64 * 1024 + more))
    serving = asyncio.create_task(visit.serve())
    await eventually(lambda: visit.wire.closed is not None or not more)
    assert [each["code"] for each in visit.payloads] == [CloseCode.TOO_SLOW] * more
    visit.wire.hangs_up()
    await serving


# Messages for its own handlers.


async def test_messages_for_handlers_are_handled_in_order_with_the_frames() -> None:
    order: list[Any] = []

    async def note(message: Mapping[str, Any]) -> None:
        order.append(message)

    visit = Visit()
    session = Session(visit.registry, visit.wire, ADA, notify=note)
    session.begin()
    visit.wire.frames = order
    session.notify({"type": "first"})
    session.deliver("second")
    session.notify({"type": "third"})
    await eventually(lambda: len(order) == 3)
    assert order == [{"type": "first"}, "second", {"type": "third"}]


async def test_what_is_written_later_has_no_part_in_the_frame_that_is_being_handled() -> None:
    seen: list[str | None] = []
    handling: ContextVar[str | None] = ContextVar("handling", default=None)

    async def note(_message: Mapping[str, Any]) -> None:
        seen.append(handling.get())

    visit = Visit()
    session = Session(visit.registry, visit.wire, ADA, notify=note)
    session.begin()
    handling.set("another client's frame")
    session.notify({"type": "x"})
    await eventually(lambda: seen)
    assert seen == [None]


async def test_messages_without_a_handler_are_dropped() -> None:
    visit = Visit(mailbox_frames=8)
    visit.session.begin()
    for _ in range(20):
        visit.session.notify({"type": "x"})
    assert visit.session.state is State.OPEN
