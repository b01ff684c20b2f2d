"""Whether a link to Redis is alive: what is published comes back, and what is written is taken."""

import asyncio
import logging
import secrets
from typing import Any

from redis.exceptions import ReadOnlyError, ResponseError

from adapters.redis_connection import DISCONNECTED, Client, database, reason

log = logging.getLogger(__name__)

INTERVALS = 4
"""A silence is so many intervals between probes: one may be lost, or late."""

KEPT_MS = 60_000
"""For how long Redis keeps the trace of a probe."""


class LinkProbe:
    """Listens to a channel of this process alone, and publishes there.

    A server that answers may have been replaced long ago: each probe is sent by a connection of
    its own, to whatever the address leads to now. `refusal` says why Redis takes no writes; None
    while it does.
    """

    def __init__(self, client: Client, service: str, *, silence: float, timeout: float) -> None:
        name = secrets.token_hex(4)
        self.channel = probe_channel(client, service, name).encode()
        self.interval = silence / INTERVALS
        self.refusal: str | None = None
        self._client = client
        self._key = probe_key(service, name)
        self._timeout = min(timeout, self.interval)
        self._unheard = 0

    @property
    def is_unheard(self) -> bool:
        """Whether the last ones did not come back, the newest of them for an interval."""
        return self._unheard >= INTERVALS - 1

    def heard(self, _payload: bytes) -> bool:
        self._unheard = 0
        return False

    async def resumed(self) -> None:
        self._unheard = 0

    async def send(self) -> None:
        """Raises what redis-py raises, `ReadOnlyError` if the address leads to a replica."""
        self._unheard += 1
        pool: Any = self._client.connection_pool
        connection = pool.make_connection()
        try:
            async with asyncio.timeout(self._timeout):
                try:
                    await connection.connect()
                except DISCONNECTED:
                    # Too many clients, perhaps: those that are connected go on.
                    await self._client.publish(self.channel, b"")
                else:
                    self._note(await self._write(connection))
        finally:
            await connection.disconnect(nowait=True)

    async def _write(self, connection: Any) -> str | None:
        """Returns why Redis takes no writes."""
        try:
            for command in (
                ("PUBLISH", self.channel, b""),
                ("SET", self._key, b"", "PX", KEPT_MS),
            ):
                await connection.send_command(*command, check_health=False)
                await connection.read_response()
        except ReadOnlyError:
            raise
        except ResponseError as error:
            return reason(error)
        return None

    def _note(self, refusal: str | None) -> None:
        if refusal == self.refusal:
            return
        self.refusal = refusal
        if refusal is None:
            log.info("Redis takes writes again")
        else:
            log.warning("Redis takes no writes: %s", refusal)


def probe_channel(client: Client, service: str, name: str) -> str:
    return f"{service}:{database(client)}:probe:{name}"


def probe_key(service: str, name: str) -> str:
    return f"{service}:probe:{name}"
