"""What identity needs from the outside: tokens that are verified and minted, tickets, revocations.

Every asynchronous method raises `Unavailable` when what it asks can't answer in time.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import NewType, Protocol, TypeAlias

from domain.capabilities import Capabilities, Right
from domain.identity import Identity
from domain.revocations import Revocation

Ticket = NewType("Ticket", str)
"""Opaque; it stands for an identity once, for a short while."""

HearRevocations: TypeAlias = Callable[[Sequence[Revocation]], None]


class TokenVerifier(Protocol):
    @abstractmethod
    async def verify(self, token: str) -> Identity:
        """Who a token names, and what it allows.

        Raises `TokenIsExpired` for one whose time is over, `TokenIsInvalid` for any other that
        isn't believed; whatever a stranger sends, nothing else but `Unavailable`, and that only
        where no keys could be had yet.
        """


class TokenMinter(Protocol):
    @abstractmethod
    def mint(
        self,
        subject: str,
        *,
        name: str | None,
        capabilities: Capabilities,
        expires_in: float,
        login: str | None = None,
    ) -> str:
        """A token that the service's own verifier believes for `expires_in` seconds.

        Raises `TokenIsImpossible` for what no token may say, such as too long a time.
        """


class Authorizer(Protocol):
    @abstractmethod
    async def may(self, identity: Identity, channel: str, right: Right) -> bool:
        """Whether `identity` has `right` on the channel of this public name, such as room:lobby.

        Of jobs, `job:*` is asked for those that don't exist yet; that a job is one's own is a
        rule of jobs, and stands beside this.
        """


class Revocations(Protocol):
    """What was revoked, over all server processes, for as long as a token could live."""

    @abstractmethod
    async def revoke(self, revocations: Sequence[Revocation]) -> None:
        """Keep these. Every server process knows of them within a second, or within one after it
        reaches the backend again; so does one that is started later.

        Of one target, the latest `issued_before` counts, and it takes one place. Raises
        `TooManyRevocations` where there would be more than are kept, `RevocationIsImpossible` for
        what will be issued in the future; then none of these is kept.
        """

    @abstractmethod
    def is_revoked(self, identity: Identity) -> bool:
        """By what this process knows: it asks nobody."""

    @abstractmethod
    def listen(self, hear: HearRevocations) -> None:
        """Have `hear` called with what this process learns of, from now on; its own included.
        Each is told once, and again only where its `issued_before` becomes later."""


class Tickets(Protocol):
    @abstractmethod
    async def issue(self, identity: Identity) -> Ticket:
        """A new ticket that nobody can guess, good for the time that the implementation is made
        with, on every server process, and no longer than the token of `identity`."""

    @abstractmethod
    async def redeem(self, ticket: str) -> Identity | None:
        """Whom a ticket stands for; None for a ticket that is unknown, over or used. Two who
        redeem it at once: one of them gets None."""
