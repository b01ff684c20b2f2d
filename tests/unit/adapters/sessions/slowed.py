"""A session as its brake sees it, and a time that takes none."""

import json
from typing import Any

from adapters.sessions.disconnects import Disconnect
from adapters.sessions.state import State
from domain.identity import ConnectionId
from tests.unit.adapters.sessions.visit import ADA


class Slowed:
    """A session, as its brake sees it."""

    def __init__(self) -> None:
        self.state = State.OPEN
        self.caller = ADA
        self.connection_id = ConnectionId("c1")
        self.sent: list[Any] = []
        self.ends: list[Disconnect] = []

    def send(self, frame: str) -> None:
        self.sent.append(json.loads(frame)["payload"])

    def disconnect(self, why: Disconnect) -> None:
        self.ends.append(why)


class Time:
    """Stands for the modules that the brake takes its time from: to sleep takes none, and is
    noted."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
