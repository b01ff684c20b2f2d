"""Rights, asked for where something is done, whoever carries the question in."""

from typing import Any

from application.identity_ports import Authorizer
from domain.audiences import Audience
from domain.capabilities import Right
from domain.errors import NotAllowed
from domain.identity import Identity

WORDS = {
    Right.SUBSCRIBE: "listen to",
    Right.PUBLISH: "send to",
    Right.PRESENCE: "ask who is in",
    Right.HISTORY: "read what was said in",
}


class CapabilityAuthorizer(Authorizer):
    """By what the token says, and by nothing else."""

    async def may(self, identity: Identity, channel: str, right: Right) -> bool:
        return identity.capabilities.allow(channel, right)


async def demand(
    authorizer: Authorizer, identity: Identity, audience: Audience[Any], *rights: Right
) -> None:
    """Raise `NotAllowed` unless `identity` has all of `rights` on `audience`."""
    for right in rights:
        if not await authorizer.may(identity, audience.channel, right):
            raise NotAllowed(f"You may not {WORDS[right]} {audience.channel}.")
