import asyncio
from sys import getsizeof
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapters.server.message_queue import MessageQueue
from tests.unit.adapters.server.connections import Message, some_turns


def said(text: str) -> Message:
    return {"type": "websocket.receive", "text": text}


async def get(queue: MessageQueue) -> Any:
    while not queue:
        await queue.filled()
    return queue.take()


async def test_a_queue_gives_its_messages_in_order_and_waits_for_the_next() -> None:
    queue = MessageQueue(asyncio.get_running_loop())
    for number in "12":
        queue.put_nowait(said(number))
    assert len(queue) == 2
    assert [await get(queue), await get(queue)] == [said("1"), said("2")]
    reader = asyncio.create_task(get(queue))
    await some_turns()
    assert not reader.done()
    queue.put_nowait(said("3"))
    queue.put_nowait(said("4"))
    assert await reader == said("3")
    assert await get(queue) == said("4")


async def test_a_queue_loses_nothing_to_a_reader_that_gave_up() -> None:
    queue = MessageQueue(asyncio.get_running_loop())
    reader = asyncio.create_task(get(queue))
    await some_turns()
    reader.cancel()
    await some_turns()
    assert reader.cancelled()
    queue.put_nowait(said("kept"))
    assert await get(queue) == said("kept")


async def test_a_queue_loses_nothing_to_a_reader_that_gives_up_as_the_message_comes() -> None:
    queue = MessageQueue(asyncio.get_running_loop())
    reader = asyncio.create_task(get(queue))
    await some_turns()
    queue.put_nowait(said("kept"))
    reader.cancel()
    await some_turns()
    assert reader.cancelled()
    assert await get(queue) == said("kept")


async def test_a_message_that_somebody_waits_for_is_not_counted() -> None:
    queue = MessageQueue(asyncio.get_running_loop())
    changes: list[int] = []
    queue.watch(changes.append)
    for _ in range(2):
        reader = asyncio.create_task(get(queue))
        await some_turns()
        queue.put_nowait(said("at once"))
        await reader
    assert changes == [0]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.text("aü👋", max_size=60)),
        st.tuples(st.just("wait"), st.none()),
        st.tuples(st.just("take"), st.none()),
        st.tuples(st.just("unparsed"), st.integers(0, 1_000)),
        st.tuples(st.just("drop"), st.none()),
    ),
    max_size=40,
)


@given(steps=steps)
def test_what_waits_is_counted_whatever_comes_in_which_order(steps: list[tuple[str, Any]]) -> None:
    async def compare() -> None:
        queue = MessageQueue(asyncio.get_running_loop())
        counted, unparsed, is_expected = 0, 0, False

        def count(change: int) -> None:
            nonlocal counted
            counted += change

        queue.put_nowait(said("there before anybody watches"))
        queue.watch(count)
        waits = False
        for step, argument in steps:
            if step == "put":
                is_expected = is_expected or waits
                waits = False
                queue.put_nowait(said(argument))
            elif step == "wait" and not queue:
                queue.filled()
                waits = True
            elif step == "take" and queue:
                queue.take()
                is_expected = False
            elif step == "unparsed":
                queue.count_unparsed(argument)
                unparsed = argument
            elif step == "drop":
                queue.drop()
                assert not queue
                unparsed, is_expected = 0, False
            waiting = [getsizeof(each["text"] or "") for each in queue[is_expected:]]
            assert counted == queue.size == sum(waiting) + unparsed

    asyncio.run(compare())


async def test_the_clients_end_is_not_dropped() -> None:
    queue = MessageQueue(asyncio.get_running_loop())
    gone = {"type": "websocket.disconnect", "code": 1005}
    for message in (said("x"), gone):
        queue.put_nowait(message)
    queue.drop()
    assert await get(queue) == gone
