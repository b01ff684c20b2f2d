"""Asks the application over HTTP, in process."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2

from domain.capabilities import Capabilities
from tests.unit.adapters.websocket.driving import Service

HOST = "switchboard.test"


SECRET = "s" * 32
API_KEY = "k" * 16

KNOWN: dict[str, Any] = {"auth": "anonymous,jwt", "auth_secret": SECRET, "api_keys": API_KEY}
"""Settings with which tokens and a key are taken, and visitors, too."""


def client_of(
    service: Service, *, visitor: str | None = None, token: str | None = None
) -> httpx2.AsyncClient:
    """A browser on a page of ours; `visitor` is the key in its cookie, `token` a token or a key
    of the API."""
    headers = {} if visitor is None else {"cookie": service.cookie(visitor)}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(service.app, raise_app_exceptions=False),
        base_url=f"http://{HOST}",
        headers=headers,
    )


def token_of(service: Service, subject: str, *grants: dict[str, list[str]]) -> str:
    """A token of this member; with `grants` it may do nothing else."""
    capabilities = Capabilities.parse(list(grants) or None)
    authentication = service.container.authentication()
    return authentication.mint(
        subject, name=subject.capitalize(), capabilities=capabilities, expires_in=600
    )


def error(answer: httpx2.Response, status: int) -> str:
    """The code of a failure, in the one form that all failures have."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    (name,) = answer.json()
    assert name == "error"
    failure = answer.json()["error"]
    assert failure["detail"]
    code: str = failure["code"]
    return code


async def post_too_much(service: Service, *, with_length: bool) -> httpx2.Response:
    """The answer to a body of 2,000 bytes, sent with its length or in pieces."""

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 100

    async with client_of(service) as client:
        return await client.post(
            "/api/announcements",
            content=b"x" * 2_000 if with_length else pieces(),
            headers={"content-type": "application/json"},
        )
