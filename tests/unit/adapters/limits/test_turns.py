"""Turns: so many at a time, first come, first served, and nothing is left of who went."""

import asyncio

import pytest

from adapters.limits.turns import Turns

LONG = 30.0


def soon() -> float:
    return asyncio.get_running_loop().time() + LONG


async def test_so_many_have_a_turn_and_the_next_gets_it_in_the_order_in_which_they_came() -> None:
    turns, had = Turns(1), list[int]()

    async def have(number: int) -> None:
        async with turns.turn("ada", soon()):
            had.append(number)

    async with turns.turn("ada", soon()):
        waiting = [asyncio.create_task(have(number)) for number in range(3)]
        await asyncio.sleep(0)
        async with turns.turn("bob", soon()):
            assert had == []
    await asyncio.gather(*waiting)
    assert had == [0, 1, 2]
    assert len(turns) == 0


async def test_whoever_waits_for_too_long_is_told_and_forgotten() -> None:
    turns = Turns(1)
    async with turns.turn("ada", soon()):
        with pytest.raises(TimeoutError):
            async with turns.turn("ada", asyncio.get_running_loop().time()):
                pass
    assert len(turns) == 0
    async with turns.turn("ada", soon()):
        pass


async def test_whoever_stops_waiting_takes_no_turn() -> None:
    turns = Turns(1)

    async def have() -> None:
        async with turns.turn("ada", soon()):
            pass

    async with turns.turn("ada", soon()):
        task = asyncio.create_task(have())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with turns.turn("ada", soon()):
        assert len(turns) == 1
    assert len(turns) == 0
