import asyncio

from adapters.server.writable import Writable
from tests.unit.adapters.server.connections import some_turns


async def test_it_is_writable_at_first_and_nobody_waits_then() -> None:
    writable = Writable()
    assert writable.is_set()
    waiting = asyncio.create_task(writable.wait())
    await some_turns()
    assert waiting.done()


async def test_whoever_waits_goes_on_when_it_is_writable_again() -> None:
    writable = Writable()
    writable.clear()
    writable.clear()
    assert not writable.is_set()
    waiting = [asyncio.create_task(writable.wait()) for _ in range(2)]
    await some_turns()
    assert not any(task.done() for task in waiting)
    writable.set()
    writable.set()
    assert writable.is_set()
    await some_turns()
    assert all(task.done() for task in waiting)


async def test_who_was_let_go_goes_on_though_it_is_not_writable_any_more() -> None:
    writable = Writable()
    writable.clear()
    waiting = asyncio.create_task(writable.wait())
    await some_turns()
    writable.set()
    writable.clear()
    await some_turns()
    assert waiting.done()
