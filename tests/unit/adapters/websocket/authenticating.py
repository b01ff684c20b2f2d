"""A service that takes tokens, and who comes to it."""

import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from adapters.identity.tokens import Tokens
from domain.capabilities import Capabilities, Grant, Right
from tests.unit.adapters.websocket.driving import Frame, Service, Socket, serving

SECRET = "0123456789abcdef0123456789abcdef"


def taking_tokens(*modes: str, **given: Any) -> AbstractAsyncContextManager[Service]:
    return serving(auth=",".join(modes), auth_secret=SECRET, **given)


def caps(*rights: Right, on: Sequence[str]) -> Capabilities:
    return Capabilities((Grant(tuple(on), frozenset(rights)),))


def token(
    service: Service,
    subject: str = "ada",
    capabilities: Capabilities = Capabilities(),  # noqa: B008 - a frozen value
    *,
    expires_in: float = 600,
    login: str | None = None,
) -> str:
    tokens: Tokens = service.container.tokens()
    assert tokens.minter is not None
    name = subject.capitalize()
    return tokens.minter.mint(
        subject, name=name, capabilities=capabilities, expires_in=expires_in, login=login
    )


def bearing(service: Service, path: str, bearer: str) -> Socket:
    return service.socket(path, authorization=f"Bearer {bearer}")


async def authenticate(client: Socket, **payload: Any) -> Frame:
    """The frame that answers; those before it are read over."""
    await client.say("authenticate", payload)
    while True:
        frame = await client.frame()
        if frame["action"] in ("authenticated", "error", "disconnect"):
            return frame


def seconds_from_now(frame: Frame) -> float:
    expires_at: float = frame["payload"]["expires_at"]
    return expires_at - time.time()
