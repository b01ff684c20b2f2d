"""What a client sends is read one frame at a time, and no faster than it reads its answers."""

import asyncio
from typing import Protocol

from adapters.log_context import LogContext
from adapters.sessions.brake import Brake, Braked
from adapters.sessions.feature import Handle
from adapters.sessions.mailbox import Mailbox
from adapters.sessions.state import State
from adapters.sessions.transport import Overhead, Transport, size_of

FRAMES_A_TURN = 16
"""So many frames are handled before others get a turn, however fast they come in."""

BYTES_LIKE_A_FRAME = 4_096
"""So many bytes count as one frame more: to read them takes about as long as to handle a frame."""


class Heard(Braked, Protocol):
    """The session whose client is read."""

    log_context: LogContext

    def refuse_unread(self, size: int) -> None:
        """The client has yet to read so many bytes, of pongs among others."""


async def read(
    session: Heard, transport: Transport, brake: Brake, mailbox: Mailbox, handle: Handle
) -> None:
    """Have `handle` see frame after frame until the client is gone."""
    receive = transport.receive
    turn = before = bytes_before = 0
    while (frame := await receive()) is not None:
        frames, message = 1, None
        if isinstance(frame, Overhead):
            frames, size = frame.frames, frame.size
            session.refuse_unread(frame.unread_bytes)
        else:
            message, size = frame, size_of(frame)
        if before + frames >= brake.frame_step or bytes_before + size >= brake.byte_step:
            sent = frames, size
            message = await brake.count(session, message, sent, (before, bytes_before))
            before = bytes_before = 0
        else:
            before += frames
            bytes_before += size
        if message is not None and session.state is State.OPEN:
            session.log_context.frames += 1
            await handle(message)
        turn += frames + size // BYTES_LIKE_A_FRAME
        if not mailbox.has_room and session.state is State.OPEN:
            await mailbox.wait_for_room()
        elif turn >= FRAMES_A_TURN:
            turn = 0
            await asyncio.sleep(0)
    brake.leave(session, (before, bytes_before))
