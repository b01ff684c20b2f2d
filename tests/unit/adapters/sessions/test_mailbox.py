import asyncio
from collections import deque
from sys import getsizeof
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sessions.buffered_bytes import BufferedBytes, Share
from adapters.sessions.mailbox import Item, Mailbox
from tests.waiting import DEADLINE

FRAME, OTHER = "x" * 1_000, "y" * 1_000
WEIGHT = getsizeof(FRAME)
"""Bytes of memory that one of these frames takes."""


def share() -> Share:
    return Share(BufferedBytes(10**9, lambda: None))


def small(max_frames: int = 4, max_bytes: int = 100_000) -> Mailbox:
    return Mailbox(share(), max_frames, max_bytes)


async def take(mailbox: Mailbox) -> Item:
    item = mailbox.take()
    assert item is not None
    return item


async def taken(mailbox: Mailbox) -> list[Item]:
    items = []
    while mailbox:
        items.append(await take(mailbox))
    return items


async def test_items_come_out_in_the_order_they_went_in() -> None:
    mailbox = small()
    message: dict[str, Any] = {"type": "event"}
    assert [mailbox.put("a"), mailbox.put(message), mailbox.put("b")] == [True] * 3
    assert await taken(mailbox) == ["a", message, "b"]


async def test_a_frame_over_the_count_is_refused_and_not_kept() -> None:
    mailbox = small(max_frames=2)
    assert mailbox.put("a")
    assert mailbox.put("b")
    assert not mailbox.put("c")
    assert await taken(mailbox) == ["a", "b"]
    assert mailbox.put("c")


async def test_a_frame_over_the_bytes_is_refused_and_a_smaller_one_still_fits() -> None:
    mailbox = small(max_bytes=2 * WEIGHT)
    assert mailbox.put(FRAME)
    assert not mailbox.put("y" * 1_001)
    assert mailbox.put(OTHER)
    assert not mailbox.put("")
    assert await taken(mailbox) == [FRAME, OTHER]


async def test_taking_a_frame_makes_room_for_its_bytes() -> None:
    mailbox = small(max_bytes=WEIGHT)
    for _ in range(10):
        assert mailbox.put(FRAME)
        assert not mailbox.put("")
        assert await take(mailbox) == FRAME


async def test_a_frame_weighs_what_it_takes_of_memory() -> None:
    mailbox = small(max_bytes=WEIGHT)
    assert not mailbox.put("👋" * 1_000)
    assert mailbox.put("x" * 1_000)


async def test_messages_for_handlers_count_as_items_too() -> None:
    mailbox = small(max_frames=2)
    assert mailbox.put({"type": "a"})
    assert mailbox.put({"type": "b"})
    assert not mailbox.put({"type": "c"})


async def test_a_message_for_handlers_weighs_what_is_in_it() -> None:
    mailbox = small(max_bytes=10_000)
    assert mailbox.put({"type": "a", "text": "x" * 5_000})
    assert not mailbox.put({"type": "a", "text": "x" * 5_000})
    await take(mailbox)
    assert mailbox.put({"type": "a", "text": "x" * 5_000})


async def test_what_is_put_beyond_the_bounds_takes_no_room() -> None:
    mailbox = small(max_frames=2, max_bytes=2 * WEIGHT)
    mailbox.put_beyond([FRAME, OTHER, FRAME])
    assert mailbox.put(OTHER)
    assert mailbox.put(OTHER)
    assert not mailbox.put("")
    assert await taken(mailbox) == [FRAME, OTHER, FRAME, OTHER, OTHER]


async def test_what_was_put_beyond_the_bounds_leaves_no_more_room_than_there_was() -> None:
    mailbox = small(max_frames=2)
    mailbox.put_beyond(["a", "b", "c"])
    assert await taken(mailbox) == ["a", "b", "c"]
    assert [mailbox.put("d") for _ in range(3)] == [True, True, False]


async def test_a_mailbox_that_is_cleared_is_empty_and_takes_on() -> None:
    mailbox = small(max_frames=1, max_bytes=WEIGHT)
    mailbox.put(FRAME)
    mailbox.clear()
    assert not mailbox
    assert mailbox.put(OTHER)
    assert await taken(mailbox) == [OTHER]


async def test_an_empty_mailbox_gives_nothing() -> None:
    mailbox = small()
    assert mailbox.take() is None
    mailbox.put("a")
    await take(mailbox)
    assert mailbox.take() is None


@pytest.mark.parametrize(
    ("frames", "has_room"),
    [
        ([], True),
        (["a"], True),
        (["a", "b"], False),
        (["x" * 900], True),
        (["x" * 1_100], False),
    ],
    ids=["empty", "few", "many", "light", "heavy"],
)
def test_there_is_room_while_less_than_half_is_full(frames: list[str], has_room: bool) -> None:
    mailbox = small(max_frames=4, max_bytes=2 * WEIGHT)
    for frame in frames:
        mailbox.put(frame)
    assert mailbox.has_room is has_room


async def test_whoever_waits_for_room_goes_on_when_there_is_some() -> None:
    mailbox = small(max_frames=4)
    for text in "abc":
        mailbox.put(text)
    waiter = asyncio.create_task(mailbox.wait_for_room())
    await take(mailbox)
    await asyncio.sleep(0)
    assert not waiter.done()
    await take(mailbox)
    await asyncio.wait_for(waiter, DEADLINE)


async def test_waiting_for_room_where_there_is_some_does_not_wait() -> None:
    await asyncio.wait_for(small().wait_for_room(), DEADLINE)


@pytest.mark.parametrize("end", [Mailbox.clear, Mailbox.release])
async def test_whoever_waits_for_room_goes_on_when_released(end: Any) -> None:
    mailbox = small(max_frames=2)
    mailbox.put("a")
    waiter = asyncio.create_task(mailbox.wait_for_room())
    await asyncio.sleep(0)
    assert not waiter.done()
    end(mailbox)
    await asyncio.wait_for(waiter, DEADLINE)


async def test_there_can_be_a_second_wait_for_room() -> None:
    mailbox = small(max_frames=2)
    for _ in range(2):
        mailbox.put("a")
        waiter = asyncio.create_task(mailbox.wait_for_room())
        await asyncio.sleep(0)
        assert not waiter.done()
        await take(mailbox)
        await asyncio.wait_for(waiter, DEADLINE)


class Model:
    """What a mailbox promises, said as plainly as possible."""

    def __init__(self, max_frames: int, max_bytes: int) -> None:
        self.max_frames, self.max_bytes = max_frames, max_bytes
        self.items: deque[tuple[str, bool]] = deque()  # and whether the bounds count it

    @property
    def frames(self) -> int:
        return sum(counts for _, counts in self.items)

    @property
    def size(self) -> int:
        return sum(getsizeof(text) for text, counts in self.items if counts)

    def put(self, text: str) -> bool:
        fits = self.frames < self.max_frames
        fits = fits and self.size + getsizeof(text) <= self.max_bytes
        if fits:
            self.items.append((text, True))
        return fits

    def recover(self, texts: list[str]) -> None:
        self.items.extend((text, False) for text in texts)


texts = st.text("aü👋", max_size=60)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), texts),
        st.tuples(st.just("recover"), st.lists(texts, max_size=3)),
        st.tuples(st.just("take"), st.none()),
    ),
    max_size=40,
)


@given(max_frames=st.integers(1, 6), max_bytes=st.integers(1, 400), steps=steps)
def test_a_mailbox_does_what_its_model_does(
    max_frames: int, max_bytes: int, steps: list[tuple[str, Any]]
) -> None:
    async def compare() -> None:
        mailbox = small(max_frames, max_bytes)
        model = Model(max_frames, max_bytes)
        for step, argument in steps:
            if step == "put":
                assert mailbox.put(argument) == model.put(argument)
            elif step == "recover":
                mailbox.put_beyond(argument)
                model.recover(argument)
            elif model.items:
                assert await take(mailbox) == model.items.popleft()[0]
            assert bool(mailbox) == bool(model.items)
            assert mailbox.has_room == (
                model.frames * 2 < model.max_frames and model.size * 2 < model.max_bytes
            )
        assert await taken(mailbox) == [text for text, _ in model.items]

    asyncio.run(compare())
