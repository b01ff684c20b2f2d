"""Drives the whole application, in process, through chanx's own communicator."""

import contextlib
import functools
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

from chanx.fast_channels.testing import WebsocketCommunicator
from dependency_injector import providers
from fastapi import FastAPI

import bootstrap
from adapters.environment import load_settings
from adapters.sessions.registry import Registry
from adapters.settings import Settings
from adapters.visitors import COOKIE
from adapters.websocket.routes import UnknownPathConsumer
from application.ports import Clock
from container import Container
from tests.sockets import CONSUMERS
from tests.unit.adapters.websocket.documented import check_documented
from tests.waiting import DEADLINE

Frame = dict[str, Any]


class Service:
    """A running application and what a test looks at inside it."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.container: Container = app.state.container

    @property
    def registry(self) -> Registry:
        return self.container.registry()

    @property
    def backend(self) -> Any:
        """The memory backend, or what a test has put into it: for a look at private parts."""
        return self.container.backend()

    def cookie(self, key: str) -> str:
        """The cookie of a visitor with this key."""
        return f"{COOKIE}={self.container.visitors().signed(key)}"

    def socket(self, path: str, *, visitor: str | None = None, **headers: str) -> "Socket":
        """A client for `path`, such as `/ws/chat`; `visitor` is the key in its cookie."""
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        if visitor is not None:
            raw.append((b"cookie", self.cookie(visitor).encode()))
        return Socket(self.app, path, raw)


class Socket(WebsocketCommunicator):
    """chanx's communicator, with one deadline for everything and a few words of its own."""

    def __init__(self, app: Any, path: str, headers: list[tuple[bytes, bytes]]) -> None:
        consumer = CONSUMERS.get(path.partition("?")[0], UnknownPathConsumer)
        super().__init__(app, path, headers, consumer=consumer)
        self.scope["raw_path"] = path.partition("?")[0].encode()
        self._app = app
        self._path = path

    @property
    def given(self) -> list[tuple[bytes, bytes]]:
        """The headers that came with the handshake."""
        headers: list[tuple[bytes, bytes]] | None = cast(Any, self.response_headers)
        assert headers is not None
        return headers

    async def __aenter__(self) -> "Socket":
        accepted, _ = await self.connect(DEADLINE)
        assert accepted
        return self

    # What chanx's own methods wait with by themselves is too short for a busy machine.

    async def receive_output(self, timeout: float = DEADLINE) -> Any:  # noqa: ASYNC109 - theirs
        return await super().receive_output(max(timeout, DEADLINE))

    async def disconnect(
        self,
        code: int = 1000,
        timeout: float = DEADLINE,  # noqa: ASYNC109 - theirs
    ) -> None:
        await super().disconnect(code, timeout)

    async def say(self, action: str, payload: Any = None, **envelope: Any) -> None:
        await self.send_json_to({"action": action, "payload": payload, **envelope})

    async def say_raw(self, text: str) -> None:
        """Any text frame, also an empty one."""
        await self.send_input({"type": "websocket.receive", "text": text})

    async def frame(self) -> Frame:
        """The next frame, which has to be as the AsyncAPI document has it."""
        frame = cast(Frame, await self.receive_json_from(DEADLINE))
        check_documented(self._app, self._path, frame)
        return frame

    async def frames(self, count: int) -> list[Frame]:
        return [await self.frame() for _ in range(count)]

    async def payload(self, action: str) -> Any:
        """The payload of the next frame, which has to be an `action`."""
        frame = await self.frame()
        assert frame["action"] == action, frame
        return frame["payload"]

    async def frames_until_pong(self) -> list[Frame]:
        """All that was written to this client by now, found with a ping."""
        await self.say("ping")
        frames: list[Frame] = []
        while (frame := await self.frame())["action"] != "pong":
            frames.append(frame)
        return frames

    async def hears_nothing(self) -> None:
        assert await self.frames_until_pong() == []

    async def status(self, status: str) -> Frame:
        """The first `job_status` frame of this status; those before it are read over."""
        while True:
            frame = await self.frame()
            assert frame["action"] == "job_status", frame
            if frame["payload"]["status"] == status:
                return frame

    async def told_to_leave(self) -> tuple[Frame, int]:
        """The `disconnect` frame's payload and the close code, after whatever came before."""
        while True:
            frame = await self.frame()
            if frame["action"] == "disconnect":
                break
        closed = await self.receive_output()
        assert closed["type"] == "websocket.close"
        return frame["payload"], closed["code"]


def settings_of(**given: Any) -> Settings:
    """Settings that no `.env` has a say in, with jobs that don't take their time."""
    return load_settings(**{"_env_file": None, "job_pace": 0, **given}) if given else _usual()


@functools.cache
def _usual() -> Settings:
    # Nothing in them can change, and reading the environment takes as long as a short test.
    return load_settings(_env_file=None, job_pace=0)


@contextlib.asynccontextmanager
async def serving(
    prepare: Callable[[Container], object] | None = None, **settings: Any
) -> AsyncIterator[Service]:
    """The application, started; `prepare` may put doubles into its container first."""
    container = bootstrap.create_container(settings_of(**settings))
    if prepare is not None:
        prepare(container)
    app = bootstrap.create_app(container)
    async with app.router.lifespan_context(app):
        yield Service(app)


def timed_by(clock: Clock) -> Callable[[Container], object]:
    """Prepares a container to take its time from `clock`."""
    return lambda container: container.clock.override(providers.Object(clock))


def lost(missed: int, reason: str) -> dict[str, Any]:
    """What `recovered` says to whom not everything could be given."""
    return {"recovered": False, "missed": missed, "reason": reason}
