"""What Redis publishes: one pub/sub connection per process, which comes back by itself."""

import asyncio
import contextlib
import logging
import random
from collections import deque
from typing import Any

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError, ResponseError

from adapters.background_task import BackgroundTask
from adapters.layers.catching_up import CatchingUp, Listener
from adapters.layers.probe_redis import LinkProbe
from adapters.redis_connection import (
    DISCONNECTED,
    Client,
    reason,
    renew_connections,
)
from application.errors import Unavailable

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
"""Seconds between attempts to reconnect: Redis back for a second is noticed in two."""

MESSAGES_A_TURN = 16
"""So many messages are handed out before the sessions' writers get a turn."""


class PubSub:
    """Channels and their listeners over one connection.

    `timeout` bounds confirmations and, doubled, how long a frozen Redis goes unnoticed; `silence`
    how long one does that answers, but has lost its place to another. What a listener raises
    concerns its own channel, whatever it is: it is logged, and the listener is told to resume,
    again and again. Whether the connection stands, its own traffic tells.
    """

    def __init__(self, client: Client, service: str, *, timeout: float, silence: float) -> None:
        self._client = client
        self._pool: Any = client.connection_pool
        self._timeout = timeout
        self._probe = LinkProbe(client, service, silence=silence, timeout=timeout)
        self._listeners: dict[bytes, Listener] = {self._probe.channel: self._probe}
        self._catching_up = CatchingUp(self._listeners, lambda: self._connection is not None)
        # Redis confirms in the order of our commands.
        self._unconfirmed: deque[asyncio.Future[None]] = deque()
        self._connection: Any = None
        self._is_connected = asyncio.Event()
        self._lost_at: float | None = None
        self._lost_because = ""
        self._tasks = (
            BackgroundTask("pubsub", self._run),
            BackgroundTask("probe", self._send_probes),
            *self._catching_up.tasks,
        )

    def listen(self, channel: str, listener: Listener) -> None:
        """Have a channel listened to from the start on; to be called before it."""
        self._listeners[channel.encode()] = listener

    async def start(self) -> None:
        """Connect; returns also if that can't be done yet, and then goes on trying."""
        for task in self._tasks:
            task.start()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._timeout):
                await self._is_connected.wait()

    def away_for(self) -> float:
        """For how many seconds the connection has been lost; 0 while it stands."""
        if self._lost_at is None:
            return 0.0
        return asyncio.get_running_loop().time() - self._lost_at

    def check(self) -> None:
        """Raises `Unavailable`, with the reason, unless messages are heard and Redis takes them."""
        for task in self._tasks:
            task.check()
        if self._lost_at is not None:
            raise Unavailable(f"{self._lost_because or reason(None)}.")
        if self._probe.refusal is not None:
            raise Unavailable(f"{self._probe.refusal}.")

    async def stop(self) -> None:
        for task in self._tasks:
            await task.stop()

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
        while True:
            connection = self._pool.make_connection()
            try:
                async with asyncio.timeout(self._timeout * 2):
                    await connection.connect()
                    await self._resubscribe(connection)
                    await self._probe.send()
                self._is_back(connection)
                pause = FIRST_PAUSE
                await self._read(connection)
            except (*DISCONNECTED, Unavailable) as error:
                self._is_lost(error)
            finally:
                self._connection = None
                self._is_connected.clear()
                self._fail_unconfirmed()
                if self._lost_at is None:
                    self._lost_at = asyncio.get_running_loop().time()
                with contextlib.suppress(*DISCONNECTED):
                    await connection.disconnect(nowait=True)
            # Jitter, so that all processes don't come back in the same moment.
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(pause * 2, LONGEST_PAUSE)

    def _is_back(self, connection: Any) -> None:
        was_lost = self._lost_at is not None
        self._connection = connection
        self._is_connected.set()
        self._lost_at, self._lost_because = None, ""
        if was_lost:
            # Some were made while the address still led elsewhere.
            renew_connections(self._client)
            log.info("the connection to Redis is back")
            for name in self._listeners:
                self._catching_up.begin(name)

    def _is_lost(self, error: BaseException) -> None:
        # What the probe found out was there before the error that came of it.
        because = self._lost_because if self._connection is not None else ""
        because = because or reason(error.__cause__ if isinstance(error, Unavailable) else error)
        if self._lost_at is None or because != self._lost_because:
            log.warning("the connection to Redis is lost: %s", because)
        self._lost_because = because
        renew_connections(self._client)

    async def _send_probes(self) -> None:
        while True:
            await asyncio.gather(asyncio.sleep(self._probe.interval), self._send_probe())

    async def _send_probe(self) -> None:
        if self._connection is None:
            return  # it counts as connected only after a probe
        if self._probe.is_unheard:
            await self._lose("Redis answers, but what is published is not heard")
            return
        try:
            await self._probe.send()
        except ReadOnlyError as error:
            await self._lose(reason(error))
        except DISCONNECTED as error:
            log.debug("a probe could not be sent", exc_info=error)

    async def _lose(self, because: str) -> None:
        """Have the reader find its connection closed, and connect anew."""
        if self._connection is not None:
            self._lost_because = because
            await self._connection.disconnect(nowait=True)

    async def _resubscribe(self, connection: Any) -> None:
        names = list(self._listeners)
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
            try:
                reply = await connection.read_response(timeout=self._timeout)
            except ResponseError as error:
                self._confirm(error)
                continue
            if reply is None:
                if pinged:
                    raise RedisConnectionError("Redis does not answer")
                await connection.send_command("PING", check_health=False)
                pinged = True
                continue
            pinged = False
            if isinstance(reply, list):
                self._handle(reply)
            turn += 1
            if turn >= MESSAGES_A_TURN:
                turn = 0
                await asyncio.sleep(0)

    def _handle(self, reply: list[Any]) -> None:
        kind, name = reply[0], reply[1]
        if kind == b"message":
            if listener := self._listeners.get(name):
                self._give(name, listener, reply[2])
        elif kind in (b"subscribe", b"unsubscribe"):
            self._confirm(None)

    def _give(self, name: bytes, listener: Listener, payload: bytes) -> None:
        try:
            is_behind = listener.heard(payload)
        except Exception as error:  # noqa: BLE001 - it is logged
            self._catching_up.has_failed(name, error)
            is_behind = True
        if is_behind:
            self._catching_up.begin(name)

    def _confirm(self, refused: ResponseError | None) -> None:
        """Redis answered the first of our commands that waits."""
        if not self._unconfirmed:
            if refused is not None:
                raise refused
            return
        confirmed = self._unconfirmed.popleft()
        if confirmed.done():
            return
        if refused is None:
            confirmed.set_result(None)
        else:
            confirmed.set_exception(refused)

    def _fail_unconfirmed(self) -> None:
        for confirmed in self._unconfirmed:
            if not confirmed.done():
                confirmed.set_exception(Unavailable())
        self._unconfirmed.clear()
