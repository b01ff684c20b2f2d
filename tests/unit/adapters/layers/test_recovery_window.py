"""What clients come back to, shared within a group: whatever happens, as if each had read alone."""

import asyncio
import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.layers import recovery_window
from adapters.layers.position import Position
from adapters.layers.recovery import Entry, Reading, judge
from adapters.layers.recovery_window import PAGE_ROOM, RecoveryLimit, RecoveryWindow, Share
from application.errors import Unavailable
from tests.unit.adapters.layers.feed_backend import GROUP, Backend
from tests.waiting import DEADLINE

PAGE = 3


class PagedBackend(Backend):
    """Reads in pages, as a stream is read; `pages` counts them."""

    pages = 0

    async def read(  # type: ignore[override]
        self,
        _group: str,
        after: Position | None = None,
        *,
        before: Position | None = None,
        share: Share | None = None,
    ) -> Reading:
        assert share is not None
        found = super().read(after)
        kept = super().read().entries
        entries = [e for e in found.entries if before is None or before.is_later(e.position)]
        first = (kept[0].position.at_ms, kept[0].position.offset) if kept else (0, 0)

        async def page(last_id: bytes) -> tuple[Reading, bytes]:
            await asyncio.sleep(0)
            start = int(last_id or 0)
            self.pages += 1
            some = _copies(entries[start : start + PAGE])
            more = str(start + PAGE).encode() if start + PAGE < len(entries) else b""
            return found._replace(entries=some, kept_from=first), more

        return await share.read(page)


def _copies(entries: list[Entry]) -> list[Entry]:
    """As they come from elsewhere: other strings each time."""
    return [entry._replace(frame="".join([*entry.frame, " "])[:-1]) for entry in entries]


deeds = st.lists(
    st.tuples(st.just("say"), st.integers(1, 6))
    | st.tuples(st.just("come back"), st.integers(0, 20))
    | st.tuples(st.just("lose the end"), st.integers(1, 3))
    | st.tuples(st.sampled_from(["lose everything", "come from nowhere", "linger"]), st.just(0)),
    max_size=30,
)


@given(deeds, st.integers(2, 12))
async def test_whatever_happened_one_is_given_what_one_would_have_read_alone(
    deeds: list[tuple[str, int]], capacity: int
) -> None:
    backend = PagedBackend()
    backend.capacity = capacity
    window = RecoveryWindow(backend, GROUP, RecoveryLimit(10 * PAGE_ROOM))

    async def come_back(place: Position | None) -> None:
        alone = judge(place, Backend.read(backend, place))
        shared = judge(place, await window.read(place))
        assert list(shared.missed) == list(alone.missed)
        assert shared.reason == alone.reason

    for deed, number in deeds:
        match deed:
            case "say":
                for _ in range(number):
                    backend.say()
            case "come back" if backend.said:
                await come_back(backend.said[-1 - number % len(backend.said)].position)
            case "come from nowhere":
                await come_back(None)
            case "lose the end":
                backend.lose_the_end(number)
            case "lose everything":
                backend.lose_everything()
                backend.capacity = capacity
            case "linger":
                window.forget()
    window.forget()


@pytest.fixture
def backend() -> PagedBackend:
    backend = PagedBackend()
    backend.capacity = None
    for _ in range(10):
        backend.say()
    return backend


async def test_those_who_come_back_at_once_have_the_same_strings_and_read_once(
    backend: PagedBackend,
) -> None:
    limit = RecoveryLimit(10 * PAGE_ROOM)
    window = RecoveryWindow(backend, GROUP, limit)
    place = backend.said[0].position

    readings = await asyncio.gather(*(window.read(place) for _ in range(60)))

    assert len({id(entry.frame) for reading in readings for entry in reading.entries}) == 9
    assert backend.pages == 3 + 59  # of the others each asks only for what is new
    assert limit.held > 0


async def test_nothing_is_kept_once_all_have_been_given_theirs(backend: PagedBackend) -> None:
    limit = RecoveryLimit(10 * PAGE_ROOM)
    window = RecoveryWindow(backend, GROUP, limit)
    mailbox = [entry.frame for entry in (await window.read(None)).entries]
    full = limit.held

    window.forget()
    gc.collect()
    assert limit.held == full
    del mailbox[:5]
    assert limit.held == full - 3 * (full // 10)  # a page of three, and half of the next
    mailbox.clear()
    assert limit.held == 0


async def test_what_was_read_is_forgotten_after_a_while(
    backend: PagedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery_window, "LINGER", 0.0)
    limit = RecoveryLimit(10 * PAGE_ROOM)
    released = asyncio.Event()
    limit._released = released
    await RecoveryWindow(backend, GROUP, limit).read(None)
    await asyncio.wait_for(released.wait(), DEADLINE)
    while limit.held:  # noqa: ASYNC110 - released page by page, in one go
        await asyncio.sleep(0)


async def test_over_the_bound_whoever_comes_waits_until_others_have_been_given_theirs(
    backend: PagedBackend,
) -> None:
    limit = RecoveryLimit(1)
    first, second = (RecoveryWindow(backend, GROUP, limit) for _ in range(2))
    mailbox = [entry.frame for entry in (await first.read(backend.said[-2].position)).entries]
    first.forget()
    waiting = asyncio.create_task(second.read(None))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not waiting.done()
    assert backend.pages == 1

    mailbox.clear()
    assert len((await asyncio.wait_for(waiting, DEADLINE)).entries) == 10
    second.forget()


async def test_whoever_waits_too_long_is_refused(
    backend: PagedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery_window, "TURN_SECONDS", 0.01)
    limit = RecoveryLimit(1)
    others = RecoveryWindow(backend, GROUP, limit)
    mailbox = (await others.read(None)).entries
    with pytest.raises(Unavailable):
        await RecoveryWindow(backend, GROUP, limit).read(None)
    assert len(mailbox) == 10


@pytest.mark.parametrize("max_bytes", [PAGE_ROOM, 3 * PAGE_ROOM])
async def test_a_crowd_of_many_groups_is_given_all_and_never_holds_more_than_the_bound(
    monkeypatch: pytest.MonkeyPatch, max_bytes: int
) -> None:
    monkeypatch.setattr(recovery_window, "PAGE_ROOM", PAGE_ROOM // 1000)
    limit = RecoveryLimit(max_bytes // 1000)
    most = 0

    async def come_back(number: int) -> int:
        nonlocal most
        backend = PagedBackend()
        backend.capacity = None
        for _ in range(1 + number % 10):
            backend.say()
        window = RecoveryWindow(backend, GROUP, limit)
        mailbox = [entry.frame for entry in (await window.read(None)).entries]
        for _ in range(5):
            most = max(most, limit.held)
            await asyncio.sleep(0)
        return len(mailbox)

    found = await asyncio.wait_for(asyncio.gather(*map(come_back, range(60))), DEADLINE)
    assert found == [1 + number % 10 for number in range(60)]
    assert 0 < most <= max_bytes // 1000


async def test_a_page_larger_than_the_bound_is_no_reason_to_wait_for_oneself(
    backend: PagedBackend,
) -> None:
    window = RecoveryWindow(backend, GROUP, RecoveryLimit(1))
    assert len((await asyncio.wait_for(window.read(None), DEADLINE)).entries) == 10
    window.forget()
