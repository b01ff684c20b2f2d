"""Which pages may do what: a browser says with `Origin` which page asks."""

from collections.abc import Collection

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.origins import canonical

PREFLIGHT_HEADERS = [
    (b"access-control-allow-methods", b"GET, HEAD, POST, DELETE"),
    (b"access-control-allow-headers", b"authorization, content-type, x-api-key"),
    (b"access-control-max-age", b"600"),
]


class Origins:
    """Pages of our own host, and of the origins in `allowed`: `*` for all."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed = frozenset(canonical(origin) for origin in allowed)

    def may_change(self, scope: Scope) -> bool:
        """Whether what sent the request may connect, or change something. Programs may: they
        send no Origin."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        raw = headers.get(b"origin")
        if raw is None or "*" in self._allowed:
            return True
        origin = canonical(raw.decode("latin-1"))
        if origin in self._allowed:
            return True
        host = headers.get(b"host", b"").decode("latin-1").lower()
        # A proxy may have taken TLS off the request without a word; nothing puts it on.
        schemes = ("https",) if scope.get("scheme") in ("https", "wss") else ("https", "http")
        return bool(host) and origin in {canonical(f"{scheme}://{host}") for scheme in schemes}

    def permission(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        """The headers by which a browser lets a listed page read an answer; none for another.

        Cookies count only where an origin is listed by name. Ours is SameSite=Strict: pages of
        other sites are nobody known, those of sibling hosts are the visitor, as on a socket.
        """
        origin: bytes = dict(scope["headers"]).get(b"origin", b"")
        if origin and canonical(origin.decode("latin-1")) in self._allowed:
            return [
                (b"access-control-allow-origin", origin),
                (b"access-control-allow-credentials", b"true"),
                (b"access-control-expose-headers", b"retry-after"),
            ]
        if "*" in self._allowed:
            return [
                (b"access-control-allow-origin", b"*"),
                (b"access-control-expose-headers", b"retry-after"),
            ]
        return []


class CrossOrigin:
    """ASGI middleware: pages of listed origins may use what is under `/api` (CORS)."""

    def __init__(self, app: ASGIApp, origins: Origins) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        permission = self._origins.permission(scope)
        added = [(b"vary", b"origin"), *permission]
        if permission and is_preflight(scope):
            headers = [*added, *PREFLIGHT_HEADERS]
            await send({"type": "http.response.start", "status": 204, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return

        async def send_with_permission(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *added]
            await send(message)

        await self._app(scope, receive, send_with_permission)


def is_preflight(scope: Scope) -> bool:
    """Whether a browser asks if a page of another origin may send a request."""
    asks = any(name == b"access-control-request-method" for name, _ in scope["headers"])
    return asks and scope["method"] == "OPTIONS"
