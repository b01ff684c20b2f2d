"""Asks the application over HTTP, in process."""

from collections.abc import AsyncIterator

import httpx2

from tests.unit.adapters.websocket.driving import Service

HOST = "switchboard.test"


def client_of(service: Service, *, visitor: str | None = None) -> httpx2.AsyncClient:
    """A browser on a page of ours; `visitor` is the key in its cookie."""
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(service.app, raise_app_exceptions=False),
        base_url=f"http://{HOST}",
        headers={} if visitor is None else {"cookie": service.cookie(visitor)},
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
