"""What becomes of a client that sends too fast: it is told, and waits; and in the end it goes."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Protocol, TypeAlias

from adapters.buckets import Rate
from adapters.sessions import disconnects
from adapters.sessions.disconnects import Disconnect
from adapters.sessions.frames import rate_limited_frame
from adapters.sessions.rate_limit import Insistence, Pace, RateLimit
from adapters.sessions.registry import Registry
from adapters.sessions.state import NEXT, State
from application.errors import RateLimited
from domain.identity import Caller, ConnectionId

log = logging.getLogger(__name__)

Refuse: TypeAlias = Callable[[str | bytes, RateLimited], None]


class Braked(Protocol):
    """The session that is slowed."""

    state: State
    caller: Caller

    @property
    def connection_id(self) -> ConnectionId: ...

    def send(self, frame: str) -> None: ...

    def disconnect(self, why: Disconnect) -> None: ...


FRAMES_A_TURN = 16
"""So many frames are handled before others get a turn, however fast they come in."""

BYTES_LIKE_A_FRAME = 4_096
"""So many bytes count as one frame more: to read them takes about as long as to handle a frame."""

STEPS = 128
"""A burst is counted in so many steps: what a connection sends meanwhile is counted together. Frame
by frame it would cost a fifth of an echo."""


class Brake:
    """Of one session, to which it doesn't refer: what refers to each other is freed late.
    `refuse` says that a frame is not handled, and why.

    Frames and bytes are to be counted once there are `frame_step` or `byte_step` of them.
    """

    __slots__ = (
        "_frame_step",
        "_insistence",
        "_owed",
        "_registry",
        "byte_step",
        "frame_step",
        "rate_limit",
        "refuse",
    )

    def __init__(self, registry: Registry) -> None:
        settings = registry.settings
        bursts = [(float(settings.frame_burst), float(settings.byte_burst))]
        if registry.rates is not None:
            bursts.append(registry.rates.bursts)
        frame_burst, byte_burst = map(min, zip(*bursts, strict=True))
        self._frame_step = self.frame_step = max(1, int(frame_burst / STEPS))
        self.byte_step = max(1, int(byte_burst / STEPS))
        self._owed = (0, 0)
        self.rate_limit = RateLimit(
            settings.frames_per_second,
            settings.frame_burst,
            settings.flood_seconds,
            Rate(settings.bytes_per_second, settings.byte_burst),
        )
        self.refuse: Refuse | None = None
        self._registry = registry
        self._insistence: Insistence | None = None

    async def count(
        self,
        session: Braked,
        message: str | bytes | None,
        sent: tuple[int, int],
        before: tuple[int, int],
    ) -> str | bytes | None:
        """Count frames and bytes, those `sent` with `message` and those `before`; whoever sends too
        fast waits. Returns what is to be handled: nothing if it is refused."""
        frames, size = sent[0] + before[0], sent[1] + before[1]
        pace, wait = self.rate_limit.count(time.monotonic(), frames, size)
        if wait:
            await self.slow_down(session, pace, wait)
        if self._registry.rates is None:
            return message
        owed, owed_size = self._owed
        member = session.caller.identity.member.id
        wait = self._registry.rates.spend(member, owed + frames, owed_size + size)
        if wait:
            message = await self.hold_back(session, message, wait)
        if wait and message is None:
            # What was refused doesn't count. What was handled does, and until it is paid for, every
            # frame is asked about.
            self._owed = owed + before[0], owed_size + before[1]
            self.frame_step = 0
        else:
            self._owed = (0, 0)
            self.frame_step = self._frame_step
        return message

    async def slow_down(self, session: Braked, pace: Pace, wait: float) -> None:
        """Have a client wait that sends too fast, even while it is leaving."""
        if not self._registry.limited.refuses("frames", "connection"):
            return
        if pace is Pace.FLOOD_BEGINS:
            detail = "You send too fast; you are slowed down."
            session.send(rate_limited_frame(RateLimited(detail, "connection", wait)))
        if pace is Pace.FLOOD_GOES_ON:
            _send_away(session)
        # Not reading is the brake: TCP passes it on to the sender.
        await asyncio.sleep(wait)

    async def hold_back(
        self, session: Braked, message: str | bytes | None, wait: float
    ) -> str | bytes | None:
        """Refuse the frame of a member who sends too fast, and have this client wait, too; returns
        what is to be handled after all."""
        if not self._registry.limited.refuses("frames", "member"):
            return message
        if message is not None and session.state is State.OPEN:
            detail = "You send too fast on all your connections together."
            refused = RateLimited(detail, "member", wait)
            if self.refuse is None:
                session.send(rate_limited_frame(refused))
            else:
                self.refuse(message, refused)
        flood_seconds = self._registry.settings.flood_seconds
        if self._insistence is None:
            # Few ever need one.
            self._insistence = Insistence(flood_seconds)
        if self._insistence.goes_on(time.monotonic()):
            _send_away(session)
        await asyncio.sleep(min(wait, flood_seconds))
        return None


def _send_away(session: Braked) -> None:
    if State.LEAVING in NEXT[session.state]:
        who = {"connection": session.connection_id, "address": session.caller.address}
        log.warning("flooding client disconnected", extra=who)
        session.disconnect(disconnects.TOO_FAST)
