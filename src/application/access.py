"""Rights, asked for where something is done, whoever carries the question in."""

from collections.abc import Mapping
from typing import Any

from application.identity_ports import Authorizer
from application.ports import Cursor
from domain.audiences import Audience
from domain.capabilities import Right
from domain.errors import NotAllowed
from domain.identity import Caller, Identity

WORDS: Mapping[Right, str] = {
    Right.SUBSCRIBE: "listen to",
    Right.PUBLISH: "send to",
    Right.PRESENCE: "ask who is in",
    Right.HISTORY: "read what was said in",
}


class CapabilityAuthorizer(Authorizer):
    """By what the token says, and by nothing else."""

    async def may(self, identity: Identity, channel: str, right: Right) -> bool:
        return identity.capabilities.allow(channel, right)


class Access:
    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    async def may(self, caller: Caller, audience: Audience[Any], right: Right) -> bool:
        return await self._authorizer.may(caller.identity, audience.channel, right)

    async def demand(self, caller: Caller, audience: Audience[Any], right: Right) -> None:
        """Raise `NotAllowed` unless `caller` has `right` on `audience`."""
        if not await self._authorizer.may(caller.identity, audience.channel, right):
            raise NotAllowed(f"You may not {WORDS[right]} {audience.channel}.")

    async def demand_listening(
        self, caller: Caller, audience: Audience[Any], since: Cursor | None
    ) -> None:
        """Raise `NotAllowed` unless `caller` may listen, and come back with a cursor if it does."""
        await self.demand(caller, audience, Right.SUBSCRIBE)
        if since is not None:
            await self.demand(caller, audience, Right.HISTORY)
