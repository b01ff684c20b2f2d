"""The whole exchange in `docs/protocol.md`, held with the service: every frame is as it stands."""

import contextlib
import json
import re
from itertools import groupby
from typing import Any

from tests.unit.adapters.http.asking import API_KEY, client_of
from tests.unit.adapters.websocket.authenticating import bearing, taking_tokens, token
from tests.unit.adapters.websocket.driving import Frame, Service, Socket
from tests.unit.protocol import sections

MOMENTS = {"at", "expires_at"}
NAMED_HERE = {"id", "cursor"}
"""Values of the server's choice: the page has its own, and the same ones for the same."""


def blocks() -> list[list[str]]:
    found = re.findall(r"^```\n(.*?)^```", sections()["A whole exchange"], re.MULTILINE | re.DOTALL)
    return [block.splitlines() for block in found]


class Exchange:
    """Plays the client's part of the page, and compares the server's."""

    def __init__(self, service: Service, sockets: contextlib.AsyncExitStack) -> None:
        self._service = service
        self._sockets = sockets
        self._client: Socket | None = None
        self._names: dict[str, str] = {}
        self._bearer = ""

    async def play(self, block: list[str], *, login: str = "") -> None:
        self._bearer = token(self._service, "ada", login=login) if login else ""
        for sign, lines in groupby(block, key=lambda line: line.partition(" ")[0]):
            said = [line.partition(" ")[2] for line in lines]
            match sign:
                case "connect":
                    await self._connect(*said)
                case ">":
                    for text in said:
                        await self._at.say_raw(text.replace("eyJ…", self._bearer))
                case "<":
                    await self._compare([json.loads(text) for text in said])
                    if '"disconnect"' not in said[-1]:
                        await self._at.hears_nothing()
                case _:
                    assert sign == "closed"
                    closed = await self._at.receive_output()
                    assert [str(closed["code"])] == said

    @property
    def _at(self) -> Socket:
        assert self._client is not None
        return self._client

    async def _connect(self, address: str) -> None:
        path = "/" + address.split("/", 3)[3]
        page, _, cursor = path.partition("?since=")
        path = f"{page}?since={self._names[cursor]}" if cursor else page
        self._client = await self._sockets.enter_async_context(self._service.socket(path))

    async def _compare(self, page: list[Frame]) -> None:
        """`accepted` and what the audience hears come in either order."""
        heard = await self._at.frames(len(page))
        heard.sort(key=lambda frame: frame["action"] == "accepted")
        for expected, frame in zip(page, heard, strict=True):
            self._is_alike(expected, frame)

    def _is_alike(self, page: Any, real: Any, name: str = "") -> None:
        match page, real:
            case dict(), dict():
                assert page.keys() == real.keys()
                for key in page:
                    self._is_alike(page[key], real[key], key)
            case _ if name in MOMENTS:
                assert type(page) is type(real)
            case str(), str() if name in NAMED_HERE and page not in ("ada", "bob"):
                assert self._names.setdefault(page, real) == real
            case _:
                assert page == real


async def test_the_whole_exchange_is_held_as_it_stands() -> None:
    begin, say, hear, leave, come_back = blocks()
    async with (
        taking_tokens("jwt", api_keys=API_KEY) as service,
        contextlib.AsyncExitStack() as sockets,
        bearing(service, "/ws/room/lobby", token(service, "bob")) as bob,
    ):
        exchange = Exchange(service, sockets)
        await exchange.play(begin, login="first")
        await exchange.play(say)
        await bob.say("room_chat", {"message": "hi Ada"})
        await exchange.play(hear)
        async with client_of(service, token=API_KEY) as operator:
            await operator.post("/api/revocations", json={"targets": ["sid:first"]})
        await exchange.play(leave)
        await bob.say("room_chat", {"message": "still there?"})
        await exchange.play(come_back, login="second")
