"""Who is who where tokens matter, and a verifier that believes what it was told to."""

from application.authentication import AuthenticationService
from application.identity_ports import HearRevocations, Revocations, Ticket, Tickets, TokenVerifier
from domain.capabilities import EVERYTHING, Capabilities, Grant, Right
from domain.errors import TokenIsInvalid
from domain.identity import Identity, Member, MemberId
from domain.revocations import Revocation
from tests.doubles import ManualClock


def identity(
    subject: str = "ada", capabilities: Capabilities = EVERYTHING, **more: float | str | None
) -> Identity:
    """Somebody with a token."""
    member = Member(MemberId(subject), subject.capitalize(), recognised=True)
    return Identity(member, capabilities, has_token=True, **more)  # type: ignore[arg-type]


def may(*rights: Right, on: str) -> Capabilities:
    return Capabilities((Grant((on,), frozenset(rights)),))


class KnownTokens(TokenVerifier):
    """Believes the tokens that are in `known`; `failure` is raised for any, once it is set."""

    def __init__(self, **known: Identity) -> None:
        self.known = known
        self.failure: Exception | None = None

    async def verify(self, token: str) -> Identity:
        if self.failure is not None:
            raise self.failure
        if token not in self.known:
            raise TokenIsInvalid("This token is unknown.")
        return self.known[token]


class ListedRevocations(Revocations):
    """In a list, for one process."""

    def __init__(self) -> None:
        self.listed: list[Revocation] = []
        self._hear: list[HearRevocations] = []

    async def revoke(self, revocations: object) -> None:
        assert isinstance(revocations, list)
        self.listed += revocations
        for hear in self._hear:
            hear(revocations)

    def is_revoked(self, identity: Identity) -> bool:
        return any(revocation.covers(identity) for revocation in self.listed)

    def listen(self, hear: HearRevocations) -> None:
        self._hear.append(hear)


class NumberedTickets(Tickets):
    def __init__(self) -> None:
        self._issued: dict[str, Identity] = {}
        self._count = 0

    async def issue(self, identity: Identity) -> Ticket:
        self._count += 1
        self._issued[f"ticket-{self._count}"] = identity
        return Ticket(f"ticket-{self._count}")

    async def redeem(self, ticket: str) -> Identity | None:
        return self._issued.pop(ticket, None)


def authentication(
    verifier: TokenVerifier | None,
    revocations: Revocations | None = None,
    tickets: Tickets | None = None,
    clock: ManualClock | None = None,
) -> AuthenticationService:
    return AuthenticationService(
        verifier,
        None,
        tickets or NumberedTickets(),
        revocations or ListedRevocations(),
        clock or ManualClock(),
    )
