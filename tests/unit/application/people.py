"""Who is who in these tests; all may do everything that members may."""

from application.access import Access, CapabilityAuthorizer
from application.limits import Limits
from domain.identity import Caller, Identity, Member, MemberId
from tests.doubles import caller_limits


def caller(member_id: str, name: str = "Someone", *, recognised: bool = True) -> Caller:
    return Caller(Identity(Member(MemberId(member_id), name, recognised)))


ADA = caller("id of ada", "Ada")
BOB = caller("id of bob", "Bob")
EVE = caller("id of eve", "Eve")
STRANGER = caller("id of somebody", recognised=False)

ACCESS = Access(CapabilityAuthorizer())


def limits() -> Limits:
    """As generous as by default; nothing is used up."""
    return caller_limits()
