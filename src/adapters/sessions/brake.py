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
from domain.identity import NOBODY, Caller, ConnectionId

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


STEPS = 128
"""A burst is counted in so many steps: what a connection sends meanwhile is counted together. Frame
by frame it would cost a fifth of an echo."""


class Brake:
    """Of one session, to which it doesn't refer: what refers to each other is freed late.
    `refuse` says that a frame is not handled, and why.

    Frames and bytes are to be counted once there are `frame_step` or `byte_step` of them, and what
    is left when the client is gone. The first frame of a member is counted at once, so that many
    short connections get no more than a long one.
    """

    __slots__ = (
        "_frame_step",
        "_insistence",
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
        self._frame_step = max(1, int(frame_burst / STEPS))
        self.frame_step = self._frame_step if registry.rates is None else 0
        self.byte_step = max(1, int(byte_burst / STEPS))
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
        rates, identity = self._registry.rates, session.caller.identity
        if rates is None or identity is NOBODY:
            # Whoever has not said who it is shares no rate with others who have not.
            return message
        rates.owe(identity.member.id, *before)
        wait = rates.spend(identity.member.id, *sent)
        if wait:
            message = await self.hold_back(session, message, wait)
        # After a refusal every frame is asked about, until one is taken.
        self.frame_step = 0 if wait and message is None else self._frame_step
        return message

    def leave(self, session: Braked, before: tuple[int, int]) -> None:
        """Count what was handled `before` the client went, and not counted yet."""
        rates, identity = self._registry.rates, session.caller.identity
        if rates is not None and identity is not NOBODY and before[0]:
            rates.owe(identity.member.id, *before)

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
