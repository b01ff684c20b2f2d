"""Which scheme the application sees behind proxies that say which one they were asked with."""

from typing import Any

import pytest

from adapters.server.serving import uvicorn_config
from tests.unit.adapters.websocket.driving import settings_of


class Recorder:
    """An application that remembers what it was asked with."""

    def __init__(self) -> None:
        self.scope: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope


async def scheme_seen(
    kind: str, headers: list[tuple[bytes, bytes]], client: str = "127.0.0.1"
) -> str:
    app = Recorder()
    config = uvicorn_config(app, settings_of().server, forwarded_allow_ips="127.0.0.1")
    config.load()
    scheme = "http" if kind == "http" else "ws"
    scope: Any = {"type": kind, "scheme": scheme, "client": (client, 1), "headers": headers}
    await config.loaded_app(scope, None, None)
    assert app.scope is scope
    seen: str = app.scope["scheme"]
    return seen


@pytest.mark.parametrize(
    ("values", "secure"),
    [
        ([b"https"], True),
        ([b"http"], False),
        ([b"https,http"], True),
        ([b"https , http, http"], True),
        ([b"http,https"], False),
        ([b"https", b"http"], True),
        ([b"http", b"https"], False),
        ([b"HTTPS, HTTP"], True),
        ([b"", b"https"], False),
        ([b","], False),
        ([b"gopher,https"], False),
        ([], False),
    ],
)
async def test_the_outermost_proxy_s_word_counts(values: list[bytes], secure: bool) -> None:
    headers = [(b"x-forwarded-proto", value) for value in values]
    assert await scheme_seen("http", headers) == ("https" if secure else "http")
    assert await scheme_seen("websocket", headers) == ("wss" if secure else "ws")


@pytest.mark.parametrize("value", [b"https", b"https,http"])
async def test_nobody_s_word_counts_who_is_not_trusted(value: bytes) -> None:
    headers = [(b"x-forwarded-proto", value)]
    assert await scheme_seen("http", headers, client="203.0.113.5") == "http"


async def test_other_headers_stay_as_they_were() -> None:
    headers = [(b"host", b"x"), (b"x-forwarded-proto", b"https,http"), (b"cookie", b"a, b")]
    app = Recorder()
    config = uvicorn_config(app, settings_of().server)
    config.load()
    scope: Any = {"type": "http", "scheme": "http", "client": ("127.0.0.1", 1), "headers": headers}
    await config.loaded_app(scope, None, None)
    kept = [(b"host", b"x"), (b"cookie", b"a, b"), (b"x-forwarded-proto", b"https")]
    assert app.scope["headers"] == kept
