"""How a connection comes to join: at once, or after it has said who it is; and how it stays."""

import asyncio
from collections.abc import Sequence
from typing import Any

from adapters.authenticator import Arrival, Authenticator
from adapters.sessions import disconnects
from adapters.sessions.session import Session
from adapters.sessions.validity import Validity
from adapters.websocket import replies
from adapters.websocket.authentication import (
    Authenticated,
    AuthenticatedPayload,
    AuthenticatePayload,
)
from adapters.websocket.feature import SocketFeature
from adapters.websocket.frames import MemberPayload
from application.access import Access
from application.ports import Cursor
from domain.audiences import Audience
from domain.capabilities import Right
from domain.errors import NotAllowed, NotAuthenticated
from domain.identity import NOBODY, Identity


class Admission:
    """One session's. While `is_awaited`, nothing is joined, and nothing but `authenticate` and
    `ping` is done for the client."""

    def __init__(
        self,
        session: Session,
        feature: SocketFeature,
        since: Sequence[Cursor],
        authenticator: Authenticator,
        access: Access,
    ) -> None:
        self._session = session
        self._feature = feature
        self._since = since
        self._authenticator = authenticator
        self._access = access
        self.is_awaited = False

    async def arrive(self, arrival: Arrival) -> None:
        """Join, or wait for the client to say who it is. Raises `NotAllowed` where the handshake
        can still be answered with that."""
        if arrival.is_awaited:
            self.is_awaited = True
            until = asyncio.get_running_loop().time() + self._authenticator.settings.deadline
            session, end = self._session, disconnects.NOT_AUTHENTICATED
            session.authenticate(NOBODY, Validity(until, end))
            return
        self._believe(arrival.caller.identity)
        try:
            await self._host()
        except NotAllowed:
            raise
        except Exception as error:  # noqa: BLE001 - it is mapped, or logged and said so
            self._session.disconnect(disconnects.for_error(error))

    async def authenticate(self, asked: AuthenticatePayload) -> None:
        """Answer who says who it is: for the first time, again, or by a name alone.

        Raises `NotAuthenticated`, `MemberChanged`, `MemberNameIsImpossible`, `Unavailable`,
        `RateLimited`.
        """
        session = self._session
        before = session.caller.identity
        if asked.token is not None:
            identity = await self._authenticator.renew(session.caller, asked.token)
        elif self.is_awaited:
            raise NotAuthenticated("This service knows nobody without a token.")
        else:
            identity = before.called(asked.name or "")
        self._believe(identity)
        revoked = [] if self.is_awaited else await self._lost()
        answer = AuthenticatedPayload(
            member=MemberPayload.of(identity.member),
            expires_at=identity.expires_at,
            revoked=[place.channel for place in revoked],
        )
        session.send(replies.encoded(Authenticated(payload=answer)))
        if self.is_awaited:
            self.is_awaited = False
            await self._join()
        else:
            await self._settle(before, revoked)

    async def renew(self, token: str) -> None:
        """Go on with a newer token, of which nothing is answered; raises as `authenticate`."""
        before = self._session.caller.identity
        self._believe(await self._authenticator.renew(self._session.caller, token))
        await self._settle(before, await self._lost())

    async def _settle(self, before: Identity, lost: Sequence[Audience[Any]]) -> None:
        for place in lost:
            if not await self._feature.lose(place):
                self._session.disconnect(disconnects.NOT_ALLOWED)
                return
        if self._session.caller.member.name != before.member.name:
            await self._feature.rename()

    async def _host(self) -> None:
        # An idle connection keeps none.
        since, self._since = self._since, ()
        await self._session.host(self._feature, since)

    async def _join(self) -> None:
        try:
            await self._host()
        except Exception as error:  # noqa: BLE001 - it is mapped, or logged and said so
            self._session.disconnect(disconnects.for_error(error))

    def _believe(self, identity: Identity) -> None:
        left = self._authenticator.left(identity)
        validity = None
        if left is not None:
            until = asyncio.get_running_loop().time() + left
            grace = self._authenticator.settings.grace
            validity = Validity(until, disconnects.EXPIRED, grace, notice=True)
        self._session.authenticate(identity, validity)

    async def _lost(self) -> list[Audience[Any]]:
        """Where the client may not stay."""
        caller, places = self._session.caller, self._feature.places
        return [
            place for place in places if not await self._access.may(caller, place, Right.SUBSCRIBE)
        ]
