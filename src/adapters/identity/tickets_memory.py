"""Tickets in memory: one process only."""

from collections import OrderedDict
from dataclasses import dataclass

from adapters.identity.ticket_codes import digest, is_over, new_ticket
from application.identity_ports import Ticket, Tickets
from application.ports import Clock
from domain.identity import Identity

CAPACITY = 100_000
"""Tickets that wait to be used: three thousand a second, at 30 seconds, in some 50 MiB. Of more,
the oldest are forgotten."""


@dataclass(frozen=True, slots=True)
class _Issued:
    identity: Identity
    over_at: float


class MemoryTickets(Tickets):
    """`expiry` is in seconds."""

    def __init__(self, clock: Clock, *, expiry: float, capacity: int = CAPACITY) -> None:
        self._clock = clock
        self._expiry = expiry
        self._capacity = capacity
        self._issued: OrderedDict[str, _Issued] = OrderedDict()

    async def issue(self, identity: Identity) -> Ticket:
        ticket, code = new_ticket()
        self._issued[code] = _Issued(identity, self._clock.monotonic() + self._expiry)
        self._forget()
        return ticket

    async def redeem(self, ticket: str) -> Identity | None:
        self._forget()
        issued = self._issued.pop(digest(ticket), None)
        if issued is None or is_over(issued.identity, self._clock):
            return None
        return issued.identity

    def _forget(self) -> None:
        now = self._clock.monotonic()
        while self._issued and (
            len(self._issued) > self._capacity or next(iter(self._issued.values())).over_at <= now
        ):
            self._issued.popitem(last=False)
