"""What the application sees behind proxies that say who asked them, and with which scheme."""

from typing import Any

import pytest

from adapters.server.serving import uvicorn_config
from tests.doubles import address_limits
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
    config = uvicorn_config(app, settings_of().server, address_limits())
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
    config = uvicorn_config(app, settings_of().server, address_limits())
    config.load()
    scope: Any = {"type": "http", "scheme": "http", "client": ("127.0.0.1", 1), "headers": headers}
    await config.loaded_app(scope, None, None)
    assert app.scope["headers"] is headers


@pytest.mark.parametrize(
    ("peer", "said", "client"),
    [
        ("127.0.0.1", [b"198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", [b"1.1.1.1", b"198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", [b"nonsense"], "127.0.0.1"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("203.0.113.5", [b"198.51.100.1"], "203.0.113.5"),
    ],
)
async def test_the_client_is_who_a_trusted_proxy_was_asked_by(
    peer: str, said: list[bytes], client: str
) -> None:
    app = Recorder()
    config = uvicorn_config(app, settings_of().server, address_limits())
    config.load()
    headers = [(b"x-forwarded-for", value) for value in said]
    scope: Any = {"type": "http", "scheme": "http", "client": (peer, 1), "headers": headers}
    await config.loaded_app(scope, None, None)
    assert app.scope["client"][0] == client
