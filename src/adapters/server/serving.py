"""Runs an ASGI application under uvicorn, the way Switchboard needs it."""

import asyncio
import gc
import logging
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, cast

import uvicorn

from adapters.addresses import Proxies
from adapters.limits.address_limits import AddressLimits
from adapters.server.buffered_transport import WriteBatch
from adapters.server.descriptors import DescriptorWatch, without_accepting
from adapters.server.forwarded import Forwarded
from adapters.server.http_connections import HttpConnections
from adapters.server.http_uvicorn import HttpProtocol
from adapters.server.send_timeout import Sending, SendTimeout
from adapters.server.websocket_uvicorn import WebSocketProtocol
from adapters.settings import ServerSettings

log = logging.getLogger(__name__)

TICKS_PER_SECOND = 10
"""So often uvicorn (0.54) calls `on_tick`."""

CUT_OFF_SECONDS = 1.0
"""For a request to end once it is told that its client is gone."""


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
    """Awaits `drain` on SIGTERM, Ctrl+C or a closed terminal, before uvicorn closes all sockets.

    What `check` raises ends the server before it starts. `started` is told the server's URL. With
    `shares_listeners`, listening stops before the drain, so that new clients reach the other
    processes. A client has `send_timeout` seconds to read what is written before its connection
    ends. Whoever has not gone `shutdown_seconds` after the drain, or by a second Ctrl+C, is cut
    off.
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
        shutdown_seconds: float,
    ) -> None:
        super().__init__(config)
        self._shutdown_seconds = shutdown_seconds
        self._descriptors = DescriptorWatch()
        self._send_timeout = SendTimeout(send_timeout)
        self._shares_listeners = shares_listeners
        self._check = check
        self._drain = drain
        self._tell_started = started

    async def startup(self, sockets: Any = None) -> None:
        await self._check()
        asyncio.get_running_loop().set_exception_handler(without_accepting)
        await super().startup(sockets)
        if self.started:
            _tune_garbage_collector()
            self._drain_on_hangup()
            self._tell_started(self._url())

    async def on_tick(self, counter: int) -> bool:
        self._descriptors.check()
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

    async def _wait_tasks_to_complete(self) -> None:
        """uvicorn (0.54) waits without a bound of its own here, and cancels what is left, which is
        logged as an error of ours, with a traceback for each request."""
        state, loop = self.server_state, asyncio.get_running_loop()
        end = loop.time() + self._shutdown_seconds
        # uvicorn tells neither by an event, and sets `force_exit` in a signal's handler.
        while (state.connections or state.tasks) and not self.force_exit and loop.time() < end:  # noqa: ASYNC110
            await asyncio.sleep(1 / TICKS_PER_SECOND)
        if state.connections or state.tasks:
            left = {"connections": len(state.connections), "running": len(state.tasks)}
            level = logging.WARNING if state.tasks else logging.INFO
            log.log(level, "connections that have not ended are cut off", extra=left)
        for connection in list(state.connections):
            cast("HttpProtocol | WebSocketProtocol", connection).abort()
        if state.tasks:
            _, stuck = await asyncio.wait(state.tasks, timeout=CUT_OFF_SECONDS)
            for task in stuck:
                task.cancel()  # uvicorn logs where
        # With it uvicorn would leave the application without its own shutdown.
        self.force_exit = False

    def _drain_on_hangup(self) -> None:
        hangup = getattr(signal, "SIGHUP", None)  # Windows has none
        if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:  # as under nohup
            signal.signal(hangup, self.handle_exit)

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
