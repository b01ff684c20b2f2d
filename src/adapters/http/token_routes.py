"""Tokens, tickets and revocations over HTTP."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from adapters.authenticator import Authenticator
from adapters.http.callers import Operator, WithToken
from adapters.http.failures import failing
from application.authentication import AuthenticationService
from domain.capabilities import Capabilities

TARGETS = 100
"""So many can be revoked in one request."""


class Info(BaseModel):
    name: str = Field(max_length=200)


class Grant(BaseModel):
    """What is allowed on which channels: docs/protocol.md, "Who you are"."""

    channels: list[str] = Field(examples=[["room:lobby", "room:team:*"]])
    allow: list[Literal["sub", "pub", "prs", "hst"]]


class AskedToken(BaseModel):
    """`sub` is the member's id; without `caps` it may do everything that members may.
    `expires_in` is in seconds."""

    sub: str = Field(min_length=1, max_length=200)
    info: Info | None = None
    caps: list[Grant] | None = None
    sid: str | None = Field(None, max_length=200)
    expires_in: float = Field(gt=0)


class Token(BaseModel):
    token: str
    expires_in: float


class Ticket(BaseModel):
    """Good once, for `expires_in` seconds, as `?ticket=` of a socket."""

    ticket: str
    expires_in: float


class AskedRevocation(BaseModel):
    """`issued_before` is in seconds since 1970, as a token's `iat`; now, if it isn't said."""

    targets: list[Annotated[str, StringConstraints(max_length=300)]] = Field(
        min_length=1, max_length=TARGETS, examples=[["sub:ada", "sid:login-7", "jti:4f1c"]]
    )
    issued_before: float | None = Field(None, ge=0, le=1e11)


class Revoked(BaseModel):
    revoked: int


def token_router(authentication: AuthenticationService, authenticator: Authenticator) -> APIRouter:
    router = APIRouter(prefix="/api")

    @router.post("/tokens", status_code=201, responses=failing(401, 403, 413, 422, 503))
    async def mint(asked: AskedToken, caller: Operator) -> Token:
        """A token for a member, for development and simple set-ups. Needs `AUTH_SECRET`."""
        caps: Any = None if asked.caps is None else [grant.model_dump() for grant in asked.caps]
        token = authentication.mint(
            asked.sub,
            name=asked.info.name if asked.info else None,
            capabilities=Capabilities.parse(caps),
            expires_in=asked.expires_in,
            login=asked.sid,
        )
        return Token(token=token, expires_in=asked.expires_in)

    @router.post("/tickets", status_code=201, responses=failing(401, 403, 503))
    async def ticket(caller: WithToken) -> Ticket:
        """A ticket for the caller's next socket, where its token can't be sent otherwise."""
        issued = await authentication.issue_ticket(caller.identity)
        return Ticket(ticket=issued, expires_in=authenticator.settings.ticket_expiry)

    @router.post("/revocations", status_code=202, responses=failing(401, 403, 413, 422, 503))
    async def revoke(asked: AskedRevocation, caller: Operator) -> Revoked:
        """Refuse tokens from now on, and end the sockets that they opened, on every server."""
        await authentication.revoke(asked.targets, asked.issued_before)
        return Revoked(revoked=len(asked.targets))

    return router
