"""Who somebody is: by a token, a ticket, or for want of both, as a visitor."""

from collections.abc import Sequence

from application.identity_ports import (
    Revocations,
    Ticket,
    Tickets,
    TokenMinter,
    TokenVerifier,
)
from application.ports import Clock
from domain.capabilities import Capabilities
from domain.errors import MintingIsOff, TokenIsInvalid, TokenIsRevoked
from domain.identity import Identity
from domain.revocations import Revocation

REVOKED = "This token was revoked."
REVOKED_WITHOUT_IAT = (
    "This token has no iat, and counts as older than every revocation: its sub, sid or jti has one."
)


class AuthenticationService:
    """`verifier` is None where no tokens are taken, `minter` where none can be made."""

    def __init__(
        self,
        verifier: TokenVerifier | None,
        minter: TokenMinter | None,
        tickets: Tickets,
        revocations: Revocations,
        clock: Clock,
    ) -> None:
        self._verifier = verifier
        self._minter = minter
        self._tickets = tickets
        self._revocations = revocations
        self._clock = clock

    async def verify(self, token: str) -> Identity:
        """Raises `TokenIsInvalid`, `TokenIsExpired`, `TokenIsRevoked`."""
        if self._verifier is None:
            raise TokenIsInvalid("This service takes no tokens.")
        return self._unless_revoked(await self._verifier.verify(token))

    async def redeem(self, ticket: str) -> Identity:
        """Raises `TokenIsInvalid`, `TokenIsRevoked`."""
        identity = await self._tickets.redeem(ticket)
        if identity is None:
            raise TokenIsInvalid("This ticket is unknown, over, or used already.")
        return self._unless_revoked(identity)

    async def renew(self, current: Identity, token: str) -> Identity:
        """What `current` becomes by a newer token; raises what `verify` raises, `MemberChanged`."""
        return current.renewed(await self.verify(token))

    def mint(
        self,
        subject: str,
        *,
        name: str | None,
        capabilities: Capabilities,
        expires_in: float,
        login: str | None = None,
    ) -> str:
        """See `TokenMinter`; raises `MintingIsOff` where the service has no secret to sign with."""
        if self._minter is None:
            raise MintingIsOff("Tokens are made elsewhere: this service has no AUTH_SECRET.")
        return self._minter.mint(
            subject, name=name, capabilities=capabilities, expires_in=expires_in, login=login
        )

    async def issue_ticket(self, identity: Identity) -> Ticket:
        return await self._tickets.issue(identity)

    async def revoke(self, targets: Sequence[str], issued_before: float | None) -> None:
        """Refuse what was issued for `targets` before then, or before now.

        Raises `RevocationIsImpossible`, `TooManyRevocations`.
        """
        before = self._clock.now() if issued_before is None else issued_before
        await self._revocations.revoke([Revocation.parse(target, before) for target in targets])

    def _unless_revoked(self, identity: Identity) -> Identity:
        if self._revocations.is_revoked(identity):
            raise TokenIsRevoked(REVOKED if identity.issued_at else REVOKED_WITHOUT_IAT)
        return identity
