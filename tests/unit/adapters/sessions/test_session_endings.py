"""How a session ends: too slow, too fast, drained, expired, broken, and in which state."""

import asyncio
import json

import pytest

from adapters.sessions import disconnects, registry
from adapters.sessions.session import Session
from adapters.sessions.state import NEXT, State
from adapters.sessions.validity import Validity
from application.errors import Unavailable
from domain.identity import Caller, Identity, Member, MemberId
from tests.unit.adapters.sessions.visit import ADA, Guestbook, Visit
from tests.unit.adapters.sessions.wire import Wire
from tests.waiting import DEADLINE, eventually


async def test_a_reader_past_its_mailbox_is_told_so_and_disconnected(
    caplog: pytest.LogCaptureFixture,
) -> None:
    visit = Visit()
    visit.session.begin()
    visit.wire.is_free = False
    for number in range(20):
        visit.session.deliver(f"{number}")
        await asyncio.sleep(0)
    assert visit.session.state is State.LEAVING
    assert caplog.messages == ["slow reader disconnected"]
    visit.wire.gets_free()
    await eventually(lambda: visit.wire.closed is not None)
    # The one that was under way, then the reason: what waited is dropped.
    first, last = visit.wire.frames
    assert first == "0"
    assert json.loads(last)["payload"]["code"] == 4408
    assert visit.wire.closed == (4408, disconnects.TOO_SLOW.reason)
    assert visit.registry.totals().disconnects == {4408: 1}


async def test_a_reader_that_never_reads_is_aborted() -> None:
    visit = Visit(send_timeout=0.01)
    visit.session.begin()
    visit.wire.is_free = False
    for number in range(20):
        visit.session.deliver(f"{number}")
    await asyncio.wait_for(visit.wire.is_aborted.wait(), DEADLINE)
    await visit.session.end()


async def test_a_write_that_is_stuck_is_found_by_the_registry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "SWEEP_SECONDS", 0.001)
    visit = Visit(send_timeout=0.01)
    visit.session.begin()
    visit.wire.is_free = False
    visit.session.deliver("stuck")
    sweeping = asyncio.create_task(visit.registry.sweep(lambda: 0.0, patience=60))
    await eventually(lambda: visit.session.state is State.LEAVING)
    assert visit.registry.totals().disconnects == {4408: 1}
    sweeping.cancel()
    await visit.session.end()


async def test_a_client_that_cannot_be_written_to_is_let_go_even_if_it_seems_to_be_there() -> None:
    visit = Visit()
    serving = asyncio.create_task(visit.serve())
    await eventually(lambda: visit.session.state is State.OPEN)
    visit.wire.is_free = False
    visit.wire.breaks()
    visit.session.deliver("never written")
    await asyncio.wait_for(serving, DEADLINE)
    assert visit.wire.is_aborted.is_set()
    assert visit.session.state is State.ENDED


# A drain.


async def test_a_drain_writes_what_waits_then_the_reason_then_closes() -> None:
    visit = Visit()
    serving = asyncio.create_task(visit.serve())
    await eventually(lambda: visit.session.state is State.OPEN)
    visit.wire.is_free = False
    visit.session.deliver("last words")
    draining = asyncio.create_task(visit.registry.drain(60.0))
    await eventually(lambda: visit.session.state is State.LEAVING)
    visit.session.deliver("too late")
    visit.wire.says("too late, too")
    visit.wire.gets_free()
    await asyncio.wait_for(asyncio.gather(draining, serving), DEADLINE)
    said, told = visit.wire.frames
    assert said == "last words"
    payload = json.loads(told)["payload"]
    assert (payload["code"], payload["reconnect"]) == (1012, True)
    assert 0 <= payload["after_ms"] <= 60_000
    assert visit.handled == []


async def test_a_session_made_during_a_drain_is_told_to_leave() -> None:
    visit = Visit()
    draining = asyncio.create_task(visit.registry.drain(60.0))
    await eventually(lambda: visit.session.state is State.LEAVING)
    late = Session(visit.registry, wire := Wire(), ADA)
    serving = asyncio.create_task(late.serve(visit._handle))
    await asyncio.wait_for(serving, DEADLINE)
    assert wire.closed == (1012, "The server restarts.")
    await visit.session.end()
    await asyncio.wait_for(draining, DEADLINE)


async def test_a_disconnect_before_the_handshake_is_over_is_told_after_it() -> None:
    visit = Visit()
    visit.session.send("hello")
    visit.session.disconnect(disconnects.bad_path("no such room"))
    await asyncio.sleep(0)
    assert visit.wire.frames == []
    visit.session.begin()
    await eventually(lambda: visit.wire.closed is not None)
    assert visit.wire.frames[0] == "hello"
    assert visit.wire.closed == (4400, "no such room")


async def test_the_first_disconnect_counts() -> None:
    visit = Visit()
    visit.session.disconnect(disconnects.UNAVAILABLE)
    visit.session.disconnect(disconnects.TOO_FAST)
    assert visit.registry.totals().disconnects == {1013: 1}


# An expiry.


async def test_a_session_whose_time_is_over_is_disconnected() -> None:
    visit = Visit()
    visit.session.begin()
    now = asyncio.get_running_loop().time()
    visit.session.authenticate(ADA.identity, Validity(now + 10, disconnects.EXPIRED, grace=5))
    visit.session.check(now + 14)
    await asyncio.sleep(0)
    assert visit.wire.frames == []
    visit.session.check(now + 16)
    await eventually(lambda: visit.wire.closed is not None)
    assert visit.payloads == [
        {"code": 4401, "reason": "token_expired", "reconnect": True, "after_ms": 0}
    ]


async def test_whose_token_expires_is_told_once_a_minute_before() -> None:
    visit = Visit()
    visit.session.begin()
    now = asyncio.get_running_loop().time()
    validity = Validity(now + 100, disconnects.EXPIRED, grace=5, notice=True)
    visit.session.authenticate(ADA.identity, validity)
    for seconds in (39, 41, 50, 104):
        visit.session.check(now + seconds)
    await asyncio.sleep(0)
    (told,) = map(json.loads, visit.wire.frames)
    assert told == {"action": "auth_expiring", "payload": {"expires_in_ms": 59_000}}


async def test_whoever_brings_a_newer_token_stays_until_that_one_expires() -> None:
    visit = Visit()
    visit.session.begin()
    now = asyncio.get_running_loop().time()
    visit.session.authenticate(ADA.identity, Validity(now + 10, disconnects.EXPIRED))
    visit.session.authenticate(ADA.identity, Validity(now + 20, disconnects.EXPIRED))
    visit.session.check(now + 15)
    await asyncio.sleep(0)
    assert visit.wire.frames == []
    visit.session.check(now + 21)
    await eventually(lambda: visit.wire.closed is not None)


async def test_only_those_who_are_out_are_disconnected_by_their_identities() -> None:
    visit = Visit()
    bob = Identity(Member(MemberId("bob")))
    other = Session(visit.registry, wire := Wire(), Caller(bob))
    for session in (visit.session, other):
        session.begin()
    visit.registry.disconnect_identities(lambda it: it == bob, disconnects.REVOKED)
    await eventually(lambda: wire.closed is not None)
    assert wire.closed == (4401, "token_revoked")
    assert json.loads(wire.frames[0])["payload"]["reconnect"] is False
    assert visit.session.state is State.OPEN
    await visit.session.end()


# A flood.


async def test_a_flood_is_slowed_told_once_and_disconnected_when_it_goes_on() -> None:
    visit = Visit(frames_per_second=1_000, frame_burst=100, flood_seconds=0.01)
    serving = asyncio.create_task(visit.serve())
    visit.wire.says(*["x"] * 1_000)
    await asyncio.wait_for(serving, DEADLINE)
    slowed, left = visit.payloads
    assert (slowed["code"], slowed["retryable"]) == ("rate_limited", True)
    assert slowed["retry_after_ms"] > 0
    assert left["code"] == 4429
    assert len(visit.handled) < 1_000


async def test_a_frame_that_was_slowed_is_dropped_if_the_session_is_to_leave_by_then() -> None:
    visit = Visit(frames_per_second=20, frame_burst=1)
    serving = asyncio.create_task(visit.serve())
    visit.wire.says("1", "2")
    await eventually(lambda: visit.payloads)
    visit.session.disconnect(disconnects.FAILED)
    await asyncio.wait_for(serving, DEADLINE)
    assert visit.handled == ["1"]


# How it ends.


@pytest.mark.parametrize("error", [Unavailable(), RuntimeError("secret")])
async def test_whoever_opens_it_is_told_what_hosting_raised_and_it_is_closed_nevertheless(
    error: Exception,
) -> None:
    visit, guestbook = Visit(), Guestbook(fails_to_open=error)
    with pytest.raises(type(error)):
        await visit.session.host(guestbook, [])
    await visit.session.end()
    assert guestbook.notes == ["opened []", "closed"]


async def test_a_feature_that_fails_to_close_is_logged_and_keeps_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    visit = Visit()
    await visit.session.host(Guestbook(fails=True), [])
    await visit.session.end()
    await visit.session.end()
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("closing a feature failed")
    assert len(visit.registry) == 0


async def test_a_wire_that_breaks_while_writing_keeps_nothing_more() -> None:
    visit = Visit()

    async def broken(_frame: str) -> None:
        raise ConnectionResetError

    visit.wire.is_free = False
    visit.wire.send = broken  # type: ignore[assignment]
    visit.session.begin()
    for text in "ab":
        visit.session.send(text)
    await eventually(lambda: visit.session.state is State.LEAVING)
    visit.session.send("c")
    assert visit.wire.frames == []
    assert visit.registry.totals().disconnects == {}
    await visit.session.end()


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("wanted", State)
async def test_a_state_is_entered_from_where_the_table_says_and_nowhere_else(
    state: State, wanted: State
) -> None:
    visit = Visit()
    way = {
        State.OPENING: [],
        State.OPEN: [visit.session.begin],
        State.LEAVING: [lambda: visit.session.disconnect(disconnects.FAILED)],
        State.ENDED: [],
    }
    for step in way[state]:
        step()
    if state is State.ENDED:
        await visit.session.end()
    assert visit.session.state is state
    if wanted is State.OPEN:
        visit.session.begin()
    elif wanted is State.LEAVING:
        visit.session.disconnect(disconnects.FAILED)
    elif wanted is State.ENDED:
        await visit.session.end()
    expected = wanted if wanted in NEXT[state] else state
    assert visit.session.state is expected
