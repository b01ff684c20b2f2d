import asyncio
from collections import deque
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.websocket.mailbox import Close, Item, Mailbox
from tests.unit.adapters.websocket.driving import DEADLINE

CLOSE = Close(1012, "bye")


def small(max_frames: int = 4, max_bytes: int = 100) -> Mailbox:
    return Mailbox(max_frames=max_frames, max_bytes=max_bytes)


async def taken(mailbox: Mailbox) -> list[Item]:
    return [await mailbox.take() for _ in range(len(mailbox))]


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
    mailbox = small(max_bytes=10)
    assert mailbox.put("x" * 6)
    assert not mailbox.put("x" * 5)
    assert mailbox.put("x" * 4)
    assert not mailbox.put("x")


async def test_taking_a_frame_makes_room_for_its_bytes() -> None:
    mailbox = small(max_bytes=10)
    mailbox.put("x" * 10)
    await mailbox.take()
    assert mailbox.put("y" * 10)


async def test_messages_for_handlers_count_as_items_but_not_as_bytes() -> None:
    mailbox = small(max_frames=2, max_bytes=1)
    assert mailbox.put({"type": "a", "text": "x" * 1_000})
    assert mailbox.put({"type": "b"})
    assert not mailbox.put({"type": "c"})


async def test_recovered_frames_come_on_top_of_the_bounds() -> None:
    mailbox = small(max_frames=2, max_bytes=10)
    mailbox.put_recovered(["x" * 50, "y" * 50, "z" * 50])
    assert mailbox.put("a")
    assert mailbox.put("b")
    assert not mailbox.put("c")
    assert await taken(mailbox) == ["x" * 50, "y" * 50, "z" * 50, "a", "b"]


async def test_closing_forgets_what_waits_and_puts_the_last_words() -> None:
    mailbox = small()
    mailbox.put("a")
    mailbox.close("last", CLOSE)
    assert mailbox.is_closed
    assert await taken(mailbox) == ["last", CLOSE]


async def test_finishing_keeps_what_waits_before_the_last_words() -> None:
    mailbox = small(max_frames=1)
    mailbox.put("a")
    mailbox.finish("last", CLOSE)
    assert mailbox.is_closed
    assert await taken(mailbox) == ["a", "last", CLOSE]


@pytest.mark.parametrize("end", [Mailbox.close, Mailbox.finish])
async def test_after_the_end_nothing_is_kept_and_nothing_refused(end: Any) -> None:
    mailbox = small(max_frames=1)
    end(mailbox)
    assert mailbox.put("a")
    assert mailbox.put("x" * 1_000)
    assert len(mailbox) == 0


@pytest.mark.parametrize("end", [Mailbox.close, Mailbox.finish])
async def test_after_the_end_nothing_is_recovered(end: Any) -> None:
    mailbox = small()
    end(mailbox, CLOSE)
    mailbox.put_recovered(["late"])
    assert await taken(mailbox) == [CLOSE]


async def waiting(mailbox: Mailbox) -> asyncio.Task[Item]:
    task = asyncio.create_task(mailbox.take())
    await asyncio.sleep(0)
    assert not task.done()
    return task


@pytest.mark.parametrize(
    ("arrive", "first"),
    [
        (lambda mailbox: mailbox.put("a"), "a"),
        (lambda mailbox: mailbox.put({"type": "a"}), {"type": "a"}),
        (lambda mailbox: mailbox.put_recovered(["b"]), "b"),
        (lambda mailbox: mailbox.close(CLOSE), CLOSE),
        (lambda mailbox: mailbox.finish("last", CLOSE), "last"),
    ],
    ids=["frame", "message", "recovered", "close", "finish"],
)
async def test_a_taker_that_waits_is_woken_by_whatever_arrives(arrive: Any, first: Item) -> None:
    mailbox = small()
    taker = await waiting(mailbox)
    arrive(mailbox)
    assert await asyncio.wait_for(taker, DEADLINE) == first


async def test_a_taker_that_was_cancelled_takes_nothing_with_it() -> None:
    mailbox = small()
    taker = await waiting(mailbox)
    taker.cancel()
    await asyncio.wait([taker], timeout=DEADLINE)
    mailbox.put("a")
    assert await asyncio.wait_for(mailbox.take(), DEADLINE) == "a"


async def test_there_is_room_while_less_than_half_is_full() -> None:
    by_frames = small(max_frames=4)
    by_frames.put("a")
    assert by_frames.has_room
    by_frames.put("b")
    assert not by_frames.has_room

    by_bytes = small(max_bytes=10)
    by_bytes.put("x" * 4)
    assert by_bytes.has_room
    by_bytes.put("x")
    assert not by_bytes.has_room


async def test_whoever_waits_for_room_goes_on_when_there_is_some() -> None:
    mailbox = small(max_frames=4)
    for text in "abc":
        mailbox.put(text)
    waiter = asyncio.create_task(mailbox.wait_for_room())
    await mailbox.take()
    await asyncio.sleep(0)
    assert not waiter.done()
    await mailbox.take()
    await asyncio.wait_for(waiter, DEADLINE)


async def test_waiting_for_room_where_there_is_some_does_not_wait() -> None:
    await asyncio.wait_for(small().wait_for_room(), DEADLINE)


@pytest.mark.parametrize("end", [Mailbox.close, Mailbox.finish])
async def test_whoever_waits_for_room_goes_on_at_the_end(end: Any) -> None:
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
        await mailbox.take()
        await asyncio.wait_for(waiter, DEADLINE)


class Model:
    """What a mailbox promises, said as plainly as possible."""

    def __init__(self, max_frames: int, max_bytes: int) -> None:
        self.max_frames, self.max_bytes = max_frames, max_bytes
        self.items: deque[str] = deque()

    def put(self, text: str) -> bool:
        fits = len(self.items) < self.max_frames
        fits = fits and sum(map(len, self.items)) + len(text) <= self.max_bytes
        if fits:
            self.items.append(text)
        return fits

    def recover(self, texts: list[str]) -> None:
        self.max_frames += len(texts)
        self.max_bytes += sum(map(len, texts))
        self.items.extend(texts)


texts = st.text("ab", max_size=6)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), texts),
        st.tuples(st.just("recover"), st.lists(texts, max_size=3)),
        st.tuples(st.just("take"), st.none()),
    ),
    max_size=40,
)


@given(max_frames=st.integers(1, 6), max_bytes=st.integers(1, 20), steps=steps)
def test_a_mailbox_does_what_its_model_does(
    max_frames: int, max_bytes: int, steps: list[tuple[str, Any]]
) -> None:
    async def compare() -> None:
        mailbox = Mailbox(max_frames=max_frames, max_bytes=max_bytes)
        model = Model(max_frames, max_bytes)
        for step, argument in steps:
            if step == "put":
                assert mailbox.put(argument) == model.put(argument)
            elif step == "recover":
                mailbox.put_recovered(argument)
                model.recover(argument)
            elif model.items:
                assert await mailbox.take() == model.items.popleft()
            assert len(mailbox) == len(model.items)
            size = sum(map(len, model.items))
            assert mailbox.has_room == (
                len(model.items) * 2 < model.max_frames and size * 2 < model.max_bytes
            )
        assert await taken(mailbox) == list(model.items)

    asyncio.run(compare())
