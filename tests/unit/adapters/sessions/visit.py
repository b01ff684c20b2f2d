"""A session on a wire, and what its client hears."""

import json
from collections.abc import Sequence
from typing import Any

from adapters.environment import load_settings
from adapters.sessions.feature import Feature
from adapters.sessions.registry import Registry
from adapters.sessions.session import Session
from adapters.settings import SessionSettings
from application.errors import Unavailable
from application.member_rates import MemberRates
from application.ports import Cursor
from domain.identity import Caller, Identity, Member, MemberId
from tests.unit.adapters.sessions.wire import Wire

ADA = Caller(Identity(Member(MemberId("ada"), "Ada")))


def settings(**given: Any) -> SessionSettings:
    usual = {"mailbox_frames": 8, "frames_per_second": 1_000_000, "frame_burst": 1_000_000}
    return load_settings(**{"_env_file": None, **usual, **given}).sessions


class Visit:
    """One session on a wire, and what its client hears."""

    def __init__(self, rates: MemberRates | None = None, **given: Any) -> None:
        self.registry = Registry(settings(**given), rates)
        self.wire = Wire()
        self.handled: list[str | bytes] = []
        self.session = Session(self.registry, self.wire, ADA)

    async def serve(self) -> None:
        await self.session.serve(self._handle)

    async def _handle(self, frame: str | bytes) -> None:
        self.handled.append(frame)

    @property
    def payloads(self) -> list[Any]:
        return [json.loads(frame)["payload"] for frame in self.wire.frames]


class Guestbook(Feature):
    """A feature that notes who came and went, and fails where it is told to."""

    def __init__(self, *, fails_to_open: Exception | None = None, fails: bool = False) -> None:
        self.notes: list[str] = []
        self._fails_to_open = fails_to_open
        self._fails = fails

    async def open(self, since: Sequence[Cursor]) -> None:
        self.notes.append(f"opened {list(since)}")
        if self._fails_to_open is not None:
            raise self._fails_to_open

    async def close(self) -> None:
        self.notes.append("closed")
        if self._fails:
            raise Unavailable
