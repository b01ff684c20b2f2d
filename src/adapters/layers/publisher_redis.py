"""Publishing to Redis: whatever has gathered goes out in one pipeline, in order."""

import asyncio
from collections import deque
from typing import Any, TypeAlias

from redis.exceptions import NoScriptError, RedisError

from adapters.background_task import BackgroundTask
from adapters.redis_commands import Script
from adapters.redis_connection import DISCONNECTED, Client
from application.errors import Unavailable

Command: TypeAlias = tuple[Script | None, tuple[Any, ...]]
"""A script with its key count, keys and arguments, or a plain command."""

BATCH = 256
"""More commands than that in one pipeline only make the first of them wait for the last."""


class Publisher:
    """One for all lanes of a process: one pipeline is under way at a time, so order holds.

    `backlog` bounds how many commands may wait; past it they are refused at once.
    """

    def __init__(self, client: Client, *, backlog: int) -> None:
        self._client = client
        self._backlog = backlog
        self._waiting: deque[tuple[Command, asyncio.Future[Any]]] = deque()
        self._filled = asyncio.Event()
        self._task = BackgroundTask("publisher", self._write)
        self.commands_sent = 0

    def start(self) -> None:
        self._task.start()

    def check(self) -> None:
        """Raises `Unavailable` while nothing can be published."""
        self._task.check()

    async def stop(self) -> None:
        """What waits is refused, and whatever comes after it."""
        await self._task.stop()
        self._refuse_waiting()

    async def send(self, script: Script | None, *args: Any) -> Any:
        """Have a command carried out; raises `Unavailable`, and then it may have been or not."""
        if not self._task.is_running or len(self._waiting) >= self._backlog:
            raise Unavailable
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(((script, args), future))
        self._filled.set()
        return await future

    async def _write(self) -> None:
        try:
            while True:
                await self._filled.wait()
                self._filled.clear()
                while self._waiting:
                    await self._write_batch()
        finally:
            self._refuse_waiting()

    async def _write_batch(self) -> None:
        count = min(BATCH, len(self._waiting))
        batch = [self._waiting.popleft() for _ in range(count)]
        futures = [future for _, future in batch]
        try:
            results = await self._execute([command for command, _ in batch])
        except DISCONNECTED as error:
            self._fail(futures, error)
            return
        except BaseException as error:
            self._fail(futures, error)
            raise
        for future, result in zip(futures, results, strict=True):
            if future.done():
                continue
            if isinstance(result, RedisError):
                future.set_exception(_unavailable(result))
            else:
                future.set_result(result)

    async def _execute(self, commands: list[Command]) -> list[Any]:
        results = await self._pipeline(commands, by_digest=True)
        # A Redis that was restarted has forgotten the scripts, and has carried out none.
        again = [i for i, result in enumerate(results) if isinstance(result, NoScriptError)]
        if again:
            redone = await self._pipeline([commands[i] for i in again], by_digest=False)
            for i, result in zip(again, redone, strict=True):
                results[i] = result
        return results

    async def _pipeline(self, commands: list[Command], *, by_digest: bool) -> list[Any]:
        pipeline = self._client.pipeline(transaction=False)
        for script, args in commands:
            if script is None:
                pipeline.execute_command(*args)
            elif by_digest:
                pipeline.execute_command("EVALSHA", script.digest, *args)
            else:
                pipeline.execute_command("EVAL", script.text, *args)
        self.commands_sent += len(commands)
        return await pipeline.execute(raise_on_error=False)

    def _refuse_waiting(self) -> None:
        self._fail([future for _, future in self._waiting])
        self._waiting.clear()

    def _fail(self, futures: list[asyncio.Future[Any]], error: BaseException | None = None) -> None:
        for future in futures:
            if not future.done():
                future.set_exception(_unavailable(error))


def _unavailable(error: BaseException | None) -> Unavailable:
    unavailable = Unavailable()
    unavailable.__cause__ = error
    return unavailable
