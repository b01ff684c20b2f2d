"""Peers that say nothing, or nearly nothing: they are found out, and nobody waits for them."""

import asyncio
import contextlib
import signal
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.integration.client import DEADLINE, Client, get, until
from tests.integration.conftest import Serve
from tests.integration.footprint import MIB, descriptors, needs_proc, until_descriptors
from tests.integration.processes import Server
from tests.integration.program import Program
from tests.integration.stream import CLOSE, TEXT, Stream, frame, handshake

pytestmark = needs_proc

LINGERING = 100
OF_EACH_KIND = 20

KEPT_ALIVE = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
LARGE_ANSWER = b"GET /assets/openapi/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n"
BODY = b"POST /api/announcements HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n"

CLIENT = """
import sys
from websockets.sync.client import connect
with connect(sys.argv[1], proxy=None) as client:
    client.send('{"action": "ping"}')
    client.recv()
    print("in", flush=True)
    for text in client:
        pass
"""


@pytest.fixture(scope="module")
def impatient(serve: Serve) -> Server:
    """Waits a second for whatever it waits for."""
    settings = {
        "SWITCHBOARD_KEEPALIVE_SECONDS": "1",
        "SWITCHBOARD_HANDSHAKE_TIMEOUT": "1",
        "SWITCHBOARD_SEND_TIMEOUT": "1",
        "SWITCHBOARD_DRAIN_NOTICE": "0",
        "SWITCHBOARD_TEXT_LIMIT": "20000",
    }
    return serve(**settings)


async def members(server: Server) -> int:
    rooms = (await get(f"{server.url}/api/rooms")).json()["rooms"]
    return sum(room["members"] for room in rooms)


async def until_members(server: Server, count: int) -> None:
    async def are_there() -> bool:
        return await members(server) == count

    await until(are_there, f"{count} members")


async def to_its_end(stream: Stream) -> bytes:
    """All that the server says until it ends the connection, as it must."""
    said_by_it = b""
    async with asyncio.timeout(DEADLINE):
        with contextlib.suppress(ConnectionError):
            while data := await stream.reader.read(65536):
                said_by_it += data
    return said_by_it


# Open sockets behind which nobody is any more.


async def test_peers_that_answer_no_ping_are_gone_and_those_that_do_stay(impatient: Server) -> None:
    held = descriptors(impatient)
    async with Client(impatient.url, "/ws/room/x") as stays:
        async with contextlib.AsyncExitStack() as stack:
            streams = [
                await stack.enter_async_context(Stream(impatient.url)) for _ in range(LINGERING)
            ]
            for stream in streams:
                await stream.open("/ws/room/x")
            await until_members(impatient, 1 + LINGERING)
            await until_members(impatient, 1)
            left = stays.messages("room_notification").count("👋 Someone left room 'x'")
            assert left == LINGERING
        # It has answered as many pings as any of them was given.
        await stays.send("room_chat", {"message": "alone again"})
        await stays.receive("room_notification", message="💬 alone again")
    await until_members(impatient, 0)
    await until_descriptors(impatient, held)


async def test_a_client_process_that_is_frozen_is_gone(impatient: Server, tmp_path: Path) -> None:
    url = f"ws{impatient.url.removeprefix('http')}/ws/room/x"
    with Program([sys.executable, "-c", CLIENT, url], tmp_path) as client:
        client.wait_for_line("^in$")
        assert await members(impatient) == 1
        client.signal(signal.SIGSTOP)
        await until_members(impatient, 0)


def untaken(server: Server, stream: Stream) -> int:
    """How many bytes the server's kernel holds for this peer; see proc(5), /proc/net/tcp."""
    here = f":{server.port:04X}"
    there = f":{stream.writer.get_extra_info('sockname')[1]:04X}"
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines():
        _, local, remote, _, queues, *_ = line.split()
        if local.endswith(here) and remote.endswith(there):
            return int(queues.partition(":")[0], 16)
    return 0


async def fill(server: Server, stream: Stream, speaker: Client) -> None:
    """Have so much said that a little of it waits in the server itself.

    That is less than stops its writes: nothing looks stuck. The kernel has as much as it takes
    when that grows no more with what is said, twice in a row: others may be written to first.
    """
    stream.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a reading one, too
    text = "x" * 20_000
    held = [0, 0, 0]
    async with asyncio.timeout(DEADLINE):
        while not held[-3] == held[-2] == held[-1] > 0:
            await speaker.send("room_chat", {"message": text})
            await speaker.receive("room_notification", message=f"💬 {text}")
            held.append(untaken(server, stream))


@pytest.mark.parametrize(
    "last_words",
    [b"", frame(CLOSE, b"\x03\xe8"), frame(TEXT, b"x" * 70_000)],
    ids=["vanished", "said goodbye", "sent a frame too large"],
)
async def test_what_a_peer_never_reads_does_not_keep_its_connection(
    impatient: Server, last_words: bytes
) -> None:
    async with Client(impatient.url, "/ws/room/x") as speaker:
        held = descriptors(impatient)
        async with Stream(impatient.url, receive_buffer=4_096) as deaf:
            await deaf.open("/ws/room/x")
            await until_members(impatient, 2)
            await fill(impatient, deaf, speaker)
            deaf.writer.write(last_words)
            await until_members(impatient, 1)
            await until_descriptors(impatient, held)
            # Nothing but the server ended it.
            assert not deaf.reader.at_eof()
    await until_members(impatient, 0)


async def test_an_answer_over_http_that_is_never_read_does_not_keep_its_connection(
    impatient: Server,
) -> None:
    held = descriptors(impatient)
    async with Stream(impatient.url, receive_buffer=4_096) as deaf:
        deaf.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a reading one, too
        deaf.writer.write(LARGE_ANSWER * 10)

        async def is_being_answered() -> bool:
            return untaken(impatient, deaf) > 100_000

        await until(is_being_answered, "an answer for which it has no room")
        assert descriptors(impatient) > held
        await until_descriptors(impatient, held)
        assert not deaf.reader.at_eof()


# Requests that don't come, or don't end.


class Drip(NamedTuple):
    """What is sent at first, then now and then, how many requests in that are whole, and whether
    another one is begun."""

    begin: bytes
    each: bytes = b""
    answers: int = 0
    is_begun: bool = True


DRIPS = [
    Drip(b"", is_begun=False),
    Drip(b"", b"\r\n", is_begun=False),
    Drip(handshake("/ws/room/x")[:40]),
    Drip(handshake("/ws/room/x")[:-2] + b"X-Slow: ", b"a"),
    Drip(KEPT_ALIVE + b"GET /he", b"a", 1),
    Drip(KEPT_ALIVE, b"\r\n", 1, is_begun=False),
    Drip(BODY, b"a"),
]


async def drip(stream: Stream, kind: Drip) -> bytes:
    """Go on until the server has had enough of it."""
    stream.writer.write(kind.begin)
    ending = asyncio.create_task(to_its_end(stream))
    while not ending.done():
        await asyncio.wait([ending], timeout=0.1)
        if kind.each and not ending.done():
            stream.writer.write(kind.each)
    return await ending


async def test_requests_that_do_not_arrive_end_and_the_others_are_served(
    impatient: Server,
) -> None:
    held = descriptors(impatient)
    async with contextlib.AsyncExitStack() as stack:
        dripping: dict[asyncio.Task[bytes], Drip] = {}
        for kind in DRIPS * OF_EACH_KIND:
            stream = await stack.enter_async_context(Stream(impatient.url))
            dripping[asyncio.create_task(drip(stream, kind))] = kind
        async with Client(impatient.url, "/ws/room/x") as client:
            while not all(task.done() for task in dripping):
                await client.until_pong()
                await asyncio.wait(dripping, timeout=0.1)
            # Its own handshake was in time, and so nothing ends it.
            await client.until_pong()
        for task, kind in dripping.items():
            said = await task
            assert said.count(b"HTTP/1.1 200 OK") == kind.answers, kind
            assert (b"HTTP/1.1 408 " in said) == kind.is_begun, kind
    await until_descriptors(impatient, held)


async def test_a_request_whose_head_does_not_end_is_cut_off(impatient: Server) -> None:
    memory = impatient.resident_bytes
    async with Stream(impatient.url) as stream:
        stream.writer.write(handshake("/ws/room/x")[:-2])
        with contextlib.suppress(ConnectionError):
            for _ in range(1_000):
                stream.writer.write(b"X-Long: " + b"x" * 100_000 + b"\r\n")
                await stream.writer.drain()
            pytest.fail("a head of 100 MB was taken")
    assert impatient.resident_bytes - memory < 10 * MIB
    async with Client(impatient.url, "/ws/system") as client:
        await client.receive("system_echo")


async def test_a_client_that_pours_a_head_without_reading_finds_the_answer(
    impatient: Server,
) -> None:
    async with Stream(impatient.url) as stream:
        stream.writer.write(handshake("/ws/room/x")[:-2] + b"X-Long: " + b"x" * 500_000)
        assert (await to_its_end(stream)).startswith(b"HTTP/1.1 431 ")


async def test_a_long_handshake_with_large_cookies_is_still_one(impatient: Server) -> None:
    headers = {"Cookie": "; ".join(f"c{number}={'x' * 3_000}" for number in range(2))}
    async with Client(impatient.url, "/ws/system", headers=headers) as client:
        await client.receive("system_echo")
