"""What a frame passes through under our own server, and what is left of it: counted."""

import asyncio
import contextlib
import gc
import socket
import weakref
from collections import Counter
from collections.abc import AsyncIterator
from types import CoroutineType
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect

from adapters.server.http_uvicorn import HttpProtocol
from adapters.server.serving import uvicorn_config
from adapters.server.websocket_uvicorn import WebSocketProtocol
from adapters.websocket.chat import ReliableConsumer
from adapters.websocket.jobs import JobsConsumer
from adapters.websocket.system import SystemConsumer
from bootstrap import create_app, create_container
from tests.doubles import address_limits
from tests.unit.adapters.websocket.driving import settings_of
from tests.waiting import eventually

OURS = (WebSocketProtocol, HttpProtocol, SystemConsumer, ReliableConsumer, JobsConsumer)

FEW = 6
"""Coroutines between the event loop and whoever waits for a frame."""

IDLE = 20
OBJECTS = 92
"""Held by one idle connection at most, the event loop's own among them; two or three more or fewer
by what else the interpreter has run."""

HANDSHAKE = (
    b"GET /ws/analytics HTTP/1.1\r\nHost: switchboard\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@contextlib.asynccontextmanager
async def served(**settings: Any) -> AsyncIterator[str]:
    """The service under uvicorn, in this process; its address."""
    config = uvicorn_config(
        create_app(create_container(settings_of(**settings))),
        settings_of(shutdown_seconds=1).server,
        address_limits(),
    )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server._serve([listener]))
        await eventually(lambda: server.started)
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await serving


def awaited(task: asyncio.Task[Any]) -> list[str]:
    """The files of the coroutines that a task is in, outermost first."""
    files = []
    inner: Any = task.get_coro()
    while isinstance(inner, CoroutineType):
        files.append(inner.cr_code.co_filename)
        inner = inner.cr_await
    return files


async def pong(client: ClientConnection) -> None:
    await client.send('{"action":"ping"}')
    while "pong" not in str(await client.recv()):
        pass


@pytest.mark.parametrize("path", ["/ws/system", "/ws/room/lobby"])
async def test_waiting_for_a_frame_is_not_inside_the_framework(path: str) -> None:
    async with served() as url:
        before = asyncio.all_tasks()
        async with connect(url + path) as client:
            await pong(client)
            stacks = [awaited(task) for task in asyncio.all_tasks() - before]
            ours = [files for files in stacks if any("session.py" in file for file in files)]

    (files,) = [files for files in ours if not any("websockets/asyncio" in file for file in files)]
    assert len(files) <= FEW
    assert not [file for file in files if "fastapi" in file or "starlette" in file]


async def come_in(client: socket.socket, host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    client.setblocking(False)
    await loop.sock_connect(client, (host, port))
    await loop.sock_sendall(client, HANDSHAKE)
    assert (await loop.sock_recv(client, 4096)).startswith(b"HTTP/1.1 101 ")


def objects() -> Counter[str]:
    gc.collect()
    return Counter(type(one).__qualname__ for one in gc.get_objects())


async def test_an_idle_connection_holds_few_objects() -> None:
    """A connection that hears nothing and says nothing: no scope, no headers, no empty queues."""
    async with served() as url:
        host, _, port = url.removeprefix("ws://").partition(":")
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(socket.socket()) for _ in range(IDLE + 1)]
            await come_in(clients.pop(), host, int(port))
            before = objects()
            for client in clients:
                await come_in(client, host, int(port))
            await asyncio.sleep(0)
            held = objects() - before
    each = Counter({name: count // IDLE for name, count in held.items() if count >= IDLE})
    assert each["Session"] == 1
    assert each["Headers"] == 2, "of the request and its answer, both empty"
    assert each.total() <= OBJECTS, each


async def test_what_ended_is_freed_without_the_garbage_collector() -> None:
    """After start-up it comes by rarely, and more rarely still for what has lived for long."""
    left: list[weakref.ref[Any]] = []
    async with served() as url:
        gc.collect()
        before = {id(one) for one in gc.get_objects() if type(one) in OURS}
        gc.disable()
        try:
            for path in ("/ws/system", "/ws/reliable", "/ws/background_jobs"):
                async with connect(url + path) as client:
                    await pong(client)
                    ours = (one for one in gc.get_objects() if type(one) in OURS)
                    left += [weakref.ref(one) for one in ours if id(one) not in before]
            await eventually(lambda: not [one() for one in left if one() is not None])
        finally:
            gc.enable()
    # uvicorn's HTTP protocol is freed as soon as it has handed its socket over.
    assert len(left) == 6
