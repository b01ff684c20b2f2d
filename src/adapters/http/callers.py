"""Who asks over HTTP, for the routes that want to know."""

from typing import Annotated, TypeAlias

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer

from adapters.authenticator import Authenticator
from domain.errors import NotAllowed, NotAuthenticated
from domain.identity import Caller

_BEARER = HTTPBearer(auto_error=False, description="A token, or a key of the API.")
_KEY = APIKeyHeader(name="X-API-Key", auto_error=False, description="A key of the API.")

NEEDS_TOKEN = "This needs a token, as `Authorization: Bearer …`."  # noqa: S105 - a sentence


async def _anybody(
    request: Request,
    # For the OpenAPI document; what they find, the authenticator looks at itself.
    _bearer: Annotated[object, Security(_BEARER)],
    _key: Annotated[object, Security(_KEY)],
) -> Caller:
    authenticator: Authenticator = request.app.state.authenticator
    return (await authenticator.authenticate(request.scope)).caller


Anybody: TypeAlias = Annotated[Caller, Depends(_anybody)]
"""Visitors, too, where they are taken."""


async def _known(request: Request, caller: Anybody) -> Caller:
    authenticator: Authenticator = request.app.state.authenticator
    identity = caller.identity
    if authenticator.settings.takes_tokens and not (identity.has_token or identity.is_operator):
        raise NotAuthenticated("This needs a token or an API key, as `Authorization: Bearer …`.")
    return caller


Known: TypeAlias = Annotated[Caller, Depends(_known)]
"""Where tokens are taken, somebody with a token or a key; elsewhere anybody."""


async def _with_token(caller: Anybody) -> Caller:
    if not caller.identity.has_token:
        raise NotAuthenticated(NEEDS_TOKEN)
    return caller


WithToken: TypeAlias = Annotated[Caller, Depends(_with_token)]


async def _operator(caller: Anybody) -> Caller:
    if caller.identity.has_token:
        raise NotAllowed("This needs an API key, not a token.")
    if not caller.identity.is_operator:
        raise NotAuthenticated("This needs an API key, as `Authorization: Bearer …`.")
    return caller


Operator: TypeAlias = Annotated[Caller, Depends(_operator)]
"""Somebody with a key of the API."""
