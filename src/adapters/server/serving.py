"""Runs an ASGI application under uvicorn, the way Switchboard needs it."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, cast

import uvicorn

from adapters.addresses import Proxies
from adapters.limits.address_limits import AddressLimits
from adapters.server.buffered_transport import WriteBatch
from adapters.server.forwarded import Forwarded
from adapters.server.http_connections import HttpConnections
from adapters.server.http_uvicorn import HttpProtocol
from adapters.server.send_timeout import Sending, SendTimeout
from adapters.server.websocket_uvicorn import WebSocketProtocol
from adapters.settings import ServerSettings

TICKS_PER_SECOND = 10
"""So often uvicorn (0.54) calls `on_tick`."""


def uvicorn_config(
    app: Callable[..., Any] | str, settings: ServerSettings, limits: AddressLimits, **more: Any
) -> uvicorn.Config:
    """All connections of the server share one `WriteBatch`, a bound for those over HTTP, and the
    limits by address."""
    websocket = partial(
        WebSocketProtocol, batch=WriteBatch(), fast_frames=settings.fast_frames, limits=limits
    )
    http = partial(
        HttpProtocol,
        request_timeout=settings.handshake_timeout,
        others=HttpConnections(settings.http_connections),
        limits=limits,
    )
    return _Config(
        app,
        proxies=limits.proxies,
        http=http,
        ws=websocket,
        ws_max_size=settings.max_frame_bytes,
        ws_per_message_deflate=settings.per_message_deflate,
        ws_ping_interval=settings.keepalive_seconds,
        ws_ping_timeout=settings.keepalive_seconds,
        timeout_graceful_shutdown=max(1, round(settings.shutdown_seconds)),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        **more,
    )


class _Config(uvicorn.Config):
    def __init__(self, *args: Any, proxies: Proxies, **more: Any) -> None:
        super().__init__(*args, **more)
        self._proxies = proxies

    def load(self) -> None:
        super().load()
        self.loaded_app = Forwarded(self.loaded_app, self._proxies)


class DrainingServer(uvicorn.Server):
    """Awaits `drain` on SIGTERM or Ctrl+C, before uvicorn closes all sockets.

    What `check` raises ends the server before it starts. `started` is told the server's URL. With
    `shares_listeners`, listening stops before the drain, so that new clients reach the other
    processes. A client has `send_timeout` seconds to read what is written before its connection
    ends.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        check: Callable[[], Awaitable[None]],
        drain: Callable[[], Awaitable[None]],
        started: Callable[[str], None],
        shares_listeners: bool,
        send_timeout: float,
    ) -> None:
        super().__init__(config)
        self._send_timeout = SendTimeout(send_timeout)
        self._shares_listeners = shares_listeners
        self._check = check
        self._drain = drain
        self._tell_started = started

    async def startup(self, sockets: Any = None) -> None:
        await self._check()
        await super().startup(sockets)
        if self.started:
            _tune_garbage_collector()
            self._tell_started(self._url())

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS_PER_SECOND == 0:
            connections = cast("set[Sending]", self.server_state.connections)
            self._send_timeout.check(connections, asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    async def shutdown(self, sockets: Any = None) -> None:
        if self._shares_listeners:
            for server in self.servers:
                server.close()
        await self._drain()
        await super().shutdown(sockets)
        # uvicorn (0.54) raises the signal again after the shutdown: that would be the exit code.
        self._captured_signals.clear()

    def _url(self) -> str:
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{port}"


def _tune_garbage_collector() -> None:
    """Exempt what start-up allocated from garbage collection, and make collections rarer.

    The default threshold of 700 has the collector walk all connections thousands of times while
    many join. Reference counting frees them, as long as they make no cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
