import asyncio
from typing import Any

from adapters.server.message_queue import MessageQueue
from tests.unit.adapters.server.connections import Message, some_turns


async def get(queue: MessageQueue) -> Any:
    while not queue:
        await queue.filled()
    return queue.pop(0)


async def test_a_queue_gives_its_messages_in_order_and_waits_for_the_next() -> None:
    queue = MessageQueue(asyncio.get_running_loop())
    message: Message
    for message in ({"number": 1}, {"number": 2}):
        queue.put_nowait(message)
    assert len(queue) == 2
    assert [await get(queue), await get(queue)] == [{"number": 1}, {"number": 2}]
    reader = asyncio.create_task(get(queue))
    await some_turns()
    assert not reader.done()
    queue.put_nowait(3)
    queue.put_nowait(4)
    assert await reader == 3
    assert await get(queue) == 4


async def test_a_queue_loses_nothing_to_a_reader_that_gave_up() -> None:
    queue = MessageQueue(asyncio.get_running_loop())
    reader = asyncio.create_task(get(queue))
    await some_turns()
    reader.cancel()
    await some_turns()
    assert reader.cancelled()
    queue.put_nowait("kept")
    assert await get(queue) == "kept"


async def test_a_queue_loses_nothing_to_a_reader_that_gives_up_as_the_message_comes() -> None:
    queue = MessageQueue(asyncio.get_running_loop())
    reader = asyncio.create_task(get(queue))
    await some_turns()
    queue.put_nowait("kept")
    reader.cancel()
    await some_turns()
    assert reader.cancelled()
    assert await get(queue) == "kept"
