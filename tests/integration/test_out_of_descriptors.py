"""A process may hold so many descriptors: whoever takes the last one must not stop the service."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import WebSocketException

from tests.integration.client import Client, get, until
from tests.integration.footprint import descriptors, needs_proc, until_descriptors
from tests.integration.processes import Server
from tests.integration.stream import Stream, handshake

resource = pytest.importorskip("resource", reason="Windows has no such limit")

pytestmark = [
    needs_proc,
    pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="Linux sets others' limits"),
]

LIMIT = 64
STRANGERS = 200
"""More than there are descriptors: some are let in and say nothing, the others are not."""


@contextlib.contextmanager
def small(folder: Path, *, patience: float, **more: str) -> Iterator[Server]:
    settings = {
        **more,
        "SWITCHBOARD_HANDSHAKE_TIMEOUT": str(patience),
        "SWITCHBOARD_DRAIN_NOTICE": "0",
    }
    with Server(folder, **settings) as server:
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (LIMIT, LIMIT))
        yield server
    server.check_log()


async def lets_in(server: Server) -> bool:
    with contextlib.suppress(OSError, WebSocketException):
        async with Client(server.url, "/ws/room/x"):
            return True
    return False


async def come_in_great_numbers(strangers: contextlib.AsyncExitStack, server: Server) -> None:
    for _ in range(STRANGERS):
        await strangers.enter_async_context(Stream(server.url))


async def test_whoever_is_in_is_served_while_nobody_else_can_be_let_in(tmp_path: Path) -> None:
    with small(tmp_path, patience=600) as server:
        async with (
            Client(server.url, "/ws/room/x") as one,
            Client(server.url, "/ws/room/x") as other,
        ):
            held = descriptors(server)
            async with contextlib.AsyncExitStack() as strangers:
                await come_in_great_numbers(strangers, server)

                async def is_full() -> bool:
                    return descriptors(server) >= LIMIT - 1

                await until(is_full, "all descriptors are taken")
                await asyncio.to_thread(server.wait_for_log, "no file descriptors are left")
                assert not await lets_in(server)
                await one.send("room_chat", {"message": "who are they?"})
                await other.receive("room_notification", message="💬 who are they?")
            await until(lambda: lets_in(server), "it lets somebody in")
            await until_descriptors(server, held)
            await one.send("room_chat", {"message": "they have gone"})
            await other.receive("room_notification", message="💬 they have gone")


async def test_strangers_who_say_nothing_give_their_descriptors_back(tmp_path: Path) -> None:
    with small(tmp_path, patience=1) as server:
        async with contextlib.AsyncExitStack() as strangers:
            await come_in_great_numbers(strangers, server)
            # None of them has left.
            await until(lambda: lets_in(server), "it lets somebody in")


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"GET /healthz HTTP/1.1\r\nHost: x\r\n", id="half a request"),
        pytest.param(handshake("/ws/room/x")[:-2], id="half a handshake"),
    ],
)
async def test_strangers_whose_requests_do_not_arrive_make_room_for_whoever_asks(
    tmp_path: Path, sent: bytes
) -> None:
    with small(tmp_path, patience=600, SWITCHBOARD_HTTP_CONNECTIONS="10") as server:
        async with contextlib.AsyncExitStack() as strangers:
            for _ in range(STRANGERS):
                stream = await strangers.enter_async_context(Stream(server.url))
                stream.writer.write(sent)
            for _ in range(20):
                assert (await get(f"{server.url}/healthz")).status_code == 200
            assert descriptors(server) < LIMIT - 1
            assert await lets_in(server)
