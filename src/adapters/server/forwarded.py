"""Where a request comes from and by which scheme, if a trusted proxy says so."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from adapters.addresses import Proxies

SCHEMES = frozenset({"http", "https", "ws", "wss"})


class Forwarded:
    """ASGI middleware: of requests by trusted `proxies` takes `X-Forwarded-For` and
    `X-Forwarded-Proto`, of which the outermost proxy's word counts, which stands first.

    uvicorn's own (0.54) takes any text for an address, finds no proxy whose IPv4 address came by
    IPv6, and no scheme among several values.
    """

    def __init__(self, app: Any, proxies: Proxies) -> None:
        self._app = app
        self._proxies = proxies

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        peer = (scope.get("client") or ("",))[0]
        if self._proxies.trust(peer):
            said = _values(scope, b"x-forwarded-for")
            if said:
                scope["client"] = (self._proxies.client_of(peer, ",".join(said)), 0)
            said = _values(scope, b"x-forwarded-proto")
            scheme = said[0].partition(",")[0].strip().lower() if said else ""
            if scheme in SCHEMES:
                is_websocket = scope["type"] == "websocket"
                scope["scheme"] = scheme.replace("http", "ws") if is_websocket else scheme
        return cast("Awaitable[None]", cast("Callable[..., Any]", self._app)(scope, receive, send))


def _values(scope: Any, header: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name == header]
