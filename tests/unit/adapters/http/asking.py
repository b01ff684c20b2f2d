"""Asks the application over HTTP, in process."""

import httpx2

from adapters.visitors import COOKIE
from tests.unit.adapters.websocket.driving import Service

HOST = "switchboard.test"


def client_of(service: Service, *, visitor: str | None = None) -> httpx2.AsyncClient:
    """A browser on a page of ours; `visitor` is the key in its cookie."""
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(service.app, raise_app_exceptions=False),
        base_url=f"http://{HOST}",
        headers={} if visitor is None else {"cookie": f"{COOKIE}={visitor}"},
    )
