"""Revocations in memory: one process only."""

from collections.abc import Sequence

from adapters.identity.revocation_table import RevocationTable
from application.identity_ports import HearRevocations, Revocations
from application.ports import Clock
from domain.identity import Identity
from domain.revocations import Revocation


class MemoryRevocations(Revocations):
    """`life` is for how many seconds after its issue a token could be in use."""

    def __init__(self, clock: Clock, *, life: float, limit: int) -> None:
        self._table = RevocationTable(clock, life=life, limit=limit)

    async def revoke(self, revocations: Sequence[Revocation]) -> None:
        self._table.learn(self._table.to_keep(revocations))

    def is_revoked(self, identity: Identity) -> bool:
        return self._table.is_revoked(identity)

    def listen(self, hear: HearRevocations) -> None:
        self._table.listen(hear)
