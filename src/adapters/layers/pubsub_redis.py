"""What Redis publishes: one pub/sub connection per process, which comes back by itself."""

import asyncio
import contextlib
import logging
import random
from collections import deque
from typing import Any, Protocol

from redis.exceptions import ConnectionError as RedisConnectionError

from adapters.redis_connection import DISCONNECTED, Client, end
from application.errors import Unavailable

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
"""Seconds between attempts to reconnect: Redis back for a second is noticed in two."""

MESSAGES_A_TURN = 16
"""So many messages are handed out before the sessions' writers get a turn."""


class Listener(Protocol):
    """Whoever subscribed to a channel."""

    async def heard(self, payload: bytes) -> None:
        """Take a message; may read from Redis before the next one is given."""

    async def resumed(self) -> None:
        """The connection was lost and is back: messages may be missing."""


class PubSub:
    """Channels and their listeners over one connection. `timeout` bounds confirmations and,
    doubled, how long a frozen Redis goes unnoticed."""

    def __init__(self, client: Client, *, timeout: float) -> None:
        self._pool: Any = client.connection_pool
        self._timeout = timeout
        self._listeners: dict[bytes, Listener] = {}
        # Redis confirms in the order of our commands.
        self._unconfirmed: deque[asyncio.Future[None]] = deque()
        self._connection: Any = None
        self._is_connected = asyncio.Event()
        self._lost_at: float | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect; returns also if that can't be done yet, and then goes on trying."""
        self._task = asyncio.create_task(self._run(), name="pubsub")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._timeout):
                await self._is_connected.wait()

    def away_for(self) -> float:
        """For how many seconds the connection has been lost; 0 while it stands."""
        if self._lost_at is None:
            return 0.0
        return asyncio.get_running_loop().time() - self._lost_at

    async def stop(self) -> None:
        if self._task is not None:
            await end(self._task)

    async def subscribe(self, channel: str, listener: Listener) -> None:
        """Return once Redis has confirmed; raises `Unavailable`, and then nothing is changed."""
        name = channel.encode()
        self._listeners[name] = listener
        try:
            async with asyncio.timeout(self._timeout):
                await self._command("SUBSCRIBE", name)
        except (*DISCONNECTED, Unavailable) as error:
            self._listeners.pop(name, None)
            raise Unavailable from error

    def unsubscribe(self, channel: str) -> None:
        """Have nobody listen to `channel` any more; Redis hears of it a moment later."""
        name = channel.encode()
        if self._listeners.pop(name, None) is not None and self._connection is not None:
            task = asyncio.create_task(self._unsubscribe(name))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _unsubscribe(self, name: bytes) -> None:
        if name in self._listeners:
            return
        with contextlib.suppress(*DISCONNECTED, Unavailable):
            async with asyncio.timeout(self._timeout):
                await self._command("UNSUBSCRIBE", name)

    async def _command(self, *words: Any) -> None:
        connection = self._connection
        if connection is None or not connection.is_connected:
            raise Unavailable
        confirmed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._unconfirmed.append(confirmed)
        await connection.send_command(*words, check_health=False)
        await confirmed

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        was_lost = False
        while True:
            connection = self._pool.make_connection()
            try:
                async with asyncio.timeout(self._timeout * 2):
                    await connection.connect()
                    await self._resubscribe(connection)
                self._connection = connection
                self._is_connected.set()
                self._lost_at = None
                if was_lost:
                    log.info("the connection to Redis is back")
                    for listener in list(self._listeners.values()):
                        await listener.resumed()
                pause, was_lost = FIRST_PAUSE, True
                await self._read(connection)
            except (*DISCONNECTED, Unavailable) as error:
                if self._connection is not None or not was_lost:
                    log.warning("the connection to Redis is lost: %s", type(error).__name__)
                was_lost = True
                if self._lost_at is None:
                    self._lost_at = asyncio.get_running_loop().time()
            finally:
                self._connection = None
                self._is_connected.clear()
                self._fail_unconfirmed()
                with contextlib.suppress(*DISCONNECTED):
                    await connection.disconnect(nowait=True)
            # Jitter, so that all processes don't come back in the same moment.
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _resubscribe(self, connection: Any) -> None:
        names = list(self._listeners)
        if not names:
            return
        await connection.send_command("SUBSCRIBE", *names, check_health=False)
        left = len(names)
        while left:
            # What was said since is in `resumed`'s hands; an ephemeral lane promises no more.
            reply = await connection.read_response()
            if reply[0] == b"subscribe":
                left -= 1

    async def _read(self, connection: Any) -> None:
        turn = 0
        pinged = False
        while True:
            reply = await connection.read_response(timeout=self._timeout)
            if reply is None:
                if pinged:
                    raise RedisConnectionError("Redis does not answer")
                await connection.send_command("PING", check_health=False)
                pinged = True
                continue
            pinged = False
            if isinstance(reply, list):
                await self._handle(reply)
            turn += 1
            if turn >= MESSAGES_A_TURN:
                turn = 0
                await asyncio.sleep(0)

    async def _handle(self, reply: list[Any]) -> None:
        kind, name = reply[0], reply[1]
        if kind == b"message":
            listener = self._listeners.get(name)
            if listener is not None:
                await listener.heard(reply[2])
        elif kind in (b"subscribe", b"unsubscribe") and self._unconfirmed:
            confirmed = self._unconfirmed.popleft()
            if not confirmed.done():
                confirmed.set_result(None)

    def _fail_unconfirmed(self) -> None:
        for confirmed in self._unconfirmed:
            if not confirmed.done():
                confirmed.set_exception(Unavailable())
        self._unconfirmed.clear()
