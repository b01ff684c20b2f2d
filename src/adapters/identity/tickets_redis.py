"""Tickets on Redis: good on every server process, and by Redis's clock."""

import logging

from adapters.identity.identity_encoding import Malformed, decode, encode
from adapters.identity.ticket_codes import digest, is_over, new_ticket
from adapters.redis_connection import Client, answering
from application.identity_ports import Ticket, Tickets
from application.ports import Clock
from domain.identity import Identity

log = logging.getLogger(__name__)


class RedisTickets(Tickets):
    """`expiry` is in seconds."""

    def __init__(self, client: Client, service: str, clock: Clock, *, expiry: float) -> None:
        self._client = client
        self._prefix = f"{service}:ticket"
        self._clock = clock
        self._expiry_ms = int(expiry * 1000)

    async def issue(self, identity: Identity) -> Ticket:
        ticket, code = new_ticket()
        with answering():
            await self._client.set(self._key(code), encode(identity), px=self._expiry_ms)
        return ticket

    async def redeem(self, ticket: str) -> Identity | None:
        with answering():
            raw: bytes | None = await self._client.getdel(self._key(digest(ticket)))
        if raw is None:
            return None
        try:
            identity = decode(raw)
        except Malformed as error:
            log.warning("a ticket on Redis is malformed: %s", error)
            return None
        return None if is_over(identity, self._clock) else identity

    def _key(self, code: str) -> str:
        return f"{self._prefix}:{code}"
