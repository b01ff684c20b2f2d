"""Runs an ASGI application under uvicorn, the way Switchboard needs it."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import uvicorn

from adapters.server.fast_protocol import FastWebSockets
from adapters.server.handshake import TimedHttp
from adapters.server.outbox import WriteBatch
from adapters.server.protocol import DirectWebSockets
from adapters.server.stuck import Stuck
from adapters.settings import ServerSettings

TICKS_PER_SECOND = 10  # uvicorn's


def uvicorn_config(
    app: Callable[..., Any] | str, settings: ServerSettings, **more: Any
) -> uvicorn.Config:
    protocol = FastWebSockets if settings.fast_frames else DirectWebSockets
    return uvicorn.Config(
        app,
        http=partial(TimedHttp, patience=settings.handshake_timeout),  # type: ignore[arg-type]
        ws=partial(protocol, turn=WriteBatch()),  # type: ignore[arg-type]  # uvicorn only calls it
        ws_max_size=settings.max_frame_bytes,
        ws_per_message_deflate=settings.per_message_deflate,
        ws_ping_interval=settings.keepalive_seconds,
        ws_ping_timeout=settings.keepalive_seconds,
        timeout_graceful_shutdown=max(1, round(settings.shutdown_seconds)),
        log_config=None,
        access_log=False,
        server_header=False,
        **more,
    )


class DrainingServer(uvicorn.Server):
    """On SIGTERM or Ctrl+C, first lets the application say goodbye to its clients.

    uvicorn alone closes all sockets at once, with nothing said before. A server that
    `shares_listeners` with others stops listening first, for them to take who comes. What a
    client should read before its connection ends, it has `send_timeout` seconds for.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        drain: Callable[[], Awaitable[None]],
        started: Callable[[str], None],
        shares_listeners: bool,
        send_timeout: float,
    ) -> None:
        super().__init__(config)
        self._stuck = Stuck(send_timeout)
        self._shares_listeners = shares_listeners
        self._drain = drain
        self._tell_started = started

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if self.started:
            _settle_memory()
            self._tell_started(self._url())

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS_PER_SECOND == 0:
            self._stuck.look(self.server_state.connections, asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    async def shutdown(self, sockets: Any = None) -> None:
        if self._shares_listeners:
            for server in self.servers:
                server.close()
        await self._drain()
        await super().shutdown(sockets)
        # uvicorn raises the signal once more after it has obeyed, which would be the exit code.
        self._captured_signals.clear()

    def _url(self) -> str:
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{port}"


def _settle_memory() -> None:
    """Take what start-up left out of the garbage collector's rounds, and make them rarer.

    The default threshold of 700 has it walk all connections thousands of times in a join
    storm; they are freed by reference counting as long as they make no cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
