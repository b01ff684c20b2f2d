"""How a request that is refused before it is handled is answered, a handshake included."""

import json
import math
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from adapters.sessions.disconnects import Refused


async def deny(
    scope: Mapping[str, Any], send: Callable[[Any], Awaitable[None]], refused: Refused
) -> None:
    """Answer over HTTP, in the one form of errors; close a handshake that can't be answered so."""
    body = json.dumps({"error": refused.error}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if refused.retry_after is not None:
        headers.append((b"retry-after", b"%d" % math.ceil(refused.retry_after)))
    if refused.status is HTTPStatus.UNAUTHORIZED:
        headers.append((b"www-authenticate", b"Bearer"))
    prefix = "http"
    if scope["type"] == "websocket":
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": refused.close_code})
            return
        prefix = "websocket.http"
    start: dict[str, Any] = {"type": f"{prefix}.response.start", "status": int(refused.status)}
    await send({**start, "headers": headers})
    await send({"type": f"{prefix}.response.body", "body": body})
