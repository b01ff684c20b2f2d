"""A session: what one client is owed while it is here, and how it ends.

A frame is written at once if the transport takes it. What it doesn't take waits in the mailbox,
and one task writes that for as long as something waits. So an idle session has no task of its
own beside its reader, and a frame for a thousand sessions wakes none.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextvars import Context
from dataclasses import replace
from typing import Any

from adapters.log_context import LogContext, log_context
from adapters.sessions import disconnects
from adapters.sessions.brake import Brake, Refuse
from adapters.sessions.buffered_bytes import Share
from adapters.sessions.disconnects import Disconnect
from adapters.sessions.droppable import Backlog
from adapters.sessions.feature import Feature, Handle, Notify, close_feature
from adapters.sessions.frames import auth_expiring_frame, disconnect_frame, recovered_frame
from adapters.sessions.logged_transport import LoggedTransport
from adapters.sessions.lossy import LossySubscription
from adapters.sessions.mailbox import Mailbox
from adapters.sessions.reading import read
from adapters.sessions.registry import Registry
from adapters.sessions.state import NEXT, TAKING, State
from adapters.sessions.transport import Transport, never_now
from adapters.sessions.validity import Moment, Validity
from application.ports import Cursor, Recovery, SlowReaders, Subscriber
from domain.identity import Caller, ConnectionId, Identity

log = logging.getLogger(__name__)


class Session(Subscriber):
    """One client on one `transport`. `caller` is who it is; `validity`, where there is one, for how
    long that is believed. `notify` handles messages that aren't frames, in order
    with the frames. `after_delivery` is a frame to follow each one that an audience hears.
    """

    def __init__(
        self,
        registry: Registry,
        transport: Transport,
        caller: Caller,
        *,
        notify: Notify | None = None,
        after_delivery: str | None = None,
    ) -> None:
        settings = registry.settings
        self._connection_id = ConnectionId(secrets.token_hex(8))
        self.caller = caller
        self.state = State.OPENING
        self.validity: Validity | None = None
        self.log_context = LogContext(self._connection_id)
        self._registry = registry
        self._transport = transport
        if settings.log_websocket:
            self._transport = LoggedTransport(
                transport, self._connection_id, settings.log_ignored_actions
            )
        self._buffered = Share(registry.buffered)
        self._transport.count_unhandled(self._buffered.add)
        self._notify = notify
        self._after_delivery = after_delivery
        self._mailbox = Mailbox(self._buffered, settings.mailbox_frames, settings.mailbox_bytes)
        self._brake = Brake(registry)
        self._feature: Feature | None = None
        self._disconnect: Disconnect | None = None
        self._is_ready = False
        self._abort_timer: asyncio.TimerHandle | None = None
        self._write_now: Callable[[str], bool] = never_now
        self._writer: asyncio.Task[None] | None = None
        self._writing_since: float | None = None
        registry.add(self)

    @property
    def connection_id(self) -> ConnectionId:
        return self._connection_id

    @property
    def frames_received(self) -> int:
        return self.log_context.frames

    @property
    def buffered_bytes(self) -> int:
        return self._buffered.size

    def authenticate(self, identity: Identity, validity: Validity | None) -> None:
        """From now on the client is this, for so long."""
        self.caller = replace(self.caller, identity=identity)
        self.validity = validity

    # From joining to leaving.

    async def host(self, feature: Feature, since: Sequence[Cursor]) -> None:
        """Open a feature; raises what that raises. It is closed when the session ends."""
        self._feature = feature
        await feature.open(since)

    async def serve(self, handle: Handle, refuse: Refuse | None = None) -> None:
        """Begin to write, have `handle` see frame after frame until the client is gone, and end.

        `refuse` says that a frame is not handled, and why.
        """
        self._brake.refuse = refuse
        try:
            self.begin()
            await read(self, self._transport, self._brake, self._mailbox, handle)
        except OSError:
            pass  # a server's way to say that the client is gone
        finally:
            await self.end()

    def begin(self) -> None:
        """The handshake is over: from now on frames can be written."""
        self._is_ready = True
        if self._go(State.OPEN):
            self._write_now = self._transport.write_now
        self._write_what_waits()

    async def end(self) -> None:
        """The client is gone, however that came: let go of everything."""
        if not self._go(State.ENDED):
            return
        log.debug("connection closed")
        self._registry.discard(self)
        self._mailbox.clear()
        self._buffered.end()
        self._notify = self._brake.refuse = None
        if self._writer is not None:
            self._writer.cancel()
        if self._abort_timer is not None:
            self._abort_timer.cancel()
        feature, self._feature = self._feature, None
        await close_feature(feature)

    # What is written to it.

    def send(self, frame: str) -> None:
        """Write a frame, or keep it until it can be written; a client too slow is disconnected."""
        if self._writer is None and self._write_now(frame):
            return
        if self.state in TAKING:
            self._keep(frame)

    def deliver(self, frame: str) -> None:
        self.send(frame)
        if self._after_delivery is not None:
            self.send(self._after_delivery)

    def lossy(self, slow_readers: SlowReaders) -> Subscriber:
        return LossySubscription(self, slow_readers) if self.may_miss else self

    @property
    def may_miss(self) -> bool:
        """Whether frames may be dropped: whoever has completions sent waits for each of them."""
        return self._after_delivery is None

    def write_at_once(self, frame: str) -> bool:
        """Write a frame, or do nothing if it would have to wait."""
        return self._writer is None and self._write_now(frame)

    def keep_droppable(self, backlog: Backlog, frame: str) -> None:
        """Keep a frame until it can be written, unless it has to be dropped by then."""
        if self.state in TAKING:
            self._mailbox.put_droppable(backlog, frame)
            self._write_what_waits()

    def recover(self, recovery: Recovery, frames: Sequence[str]) -> None:
        self.send_beyond([recovered_frame(recovery), *frames])

    def begin_at(self, cursor: Cursor) -> None:
        """Its frames have cursors of their own."""

    def send_beyond(self, frames: Sequence[str]) -> None:
        """Write what was missed, however much waits already."""
        if self.state in TAKING:
            self._mailbox.put_beyond(frames)
            self._write_what_waits()

    def notify(self, message: Mapping[str, Any]) -> None:
        """Take a message that other code sent to this session's own handlers."""
        if self._notify is not None and self.state in TAKING:
            self._keep(message)

    # How it is ended.

    def disconnect(self, why: Disconnect) -> None:
        """Write what waits, then the reason, then close; abort if that takes too long.

        A session that is leaving already is told nothing new.
        """
        if not self._go(State.LEAVING):
            return
        self._registry.count_disconnect(why.code)
        self._disconnect = why
        self._mailbox.put_beyond([disconnect_frame(why)])
        self._mailbox.release()
        self._write_what_waits()
        # A close waits for the client to read what is before it, which may be never.
        self._abort_timer = asyncio.get_running_loop().call_later(
            self._registry.settings.send_timeout, self._transport.abort
        )

    def check(self, now: float) -> None:
        """Disconnect a client that has been stuck for too long, or whose time is over; `now` is
        the loop's time."""
        timeout = self._registry.settings.send_timeout
        if self._writing_since is not None and now - self._writing_since > timeout:
            self._disconnect_slow()
        elif self.validity is not None:
            moment = self.validity.at(now)
            if moment is Moment.OVER:
                self.disconnect(self.validity.end)
            elif moment is Moment.NOTICE:
                self.send(auth_expiring_frame(max(0.0, self.validity.until - now)))

    def disconnect_largest(self) -> None:
        size = self.buffered_bytes
        self._transport.drop_unhandled()
        if State.LEAVING in NEXT[self.state]:
            self._disconnect_slow("disconnected whoever held most of all that waits", bytes=size)
        else:
            self._lose()

    def refuse_unread(self, size: int) -> None:
        """Disconnect a client that has yet to read so many bytes, if that is too much."""
        if size > self._registry.settings.mailbox_bytes:
            self._disconnect_slow()

    def _disconnect_slow(self, words: str = "slow reader disconnected", **more: int) -> None:
        if State.LEAVING not in NEXT[self.state]:
            return
        # Somebody else finds this out: the line must name the reader.
        log.warning(words, extra={"connection": self.connection_id, **more})
        self._mailbox.clear()
        self.disconnect(disconnects.TOO_SLOW)

    def _go(self, state: State) -> bool:
        """Enter a state; false, and nothing changed, if it may not follow."""
        if state not in NEXT[self.state]:
            return False
        self.state = state
        if state is not State.OPEN:
            self._write_now = never_now
        return True

    # Writing what waits.

    def _keep(self, item: str | Mapping[str, Any]) -> None:
        if self._mailbox.put(item):
            self._write_what_waits()
        else:
            self._disconnect_slow()

    def _write_what_waits(self) -> None:
        """Have the mailbox written, unless that is under way or can't begin yet."""
        if self._writer is None and self._mailbox and self._is_ready:
            # In a context of its own: it has no part in the frame that somebody else is handling.
            context = Context()
            context.run(log_context.set, self.log_context)
            self._writer = asyncio.create_task(
                self._write_mailbox(), name="session-writer", context=context
            )

    async def _write_mailbox(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while (item := self._mailbox.take()) is not None:
                if isinstance(item, str):
                    self._writing_since = loop.time()
                    await self._transport.send(item)
                    self._writing_since = None
                elif self._notify is not None:
                    await self._notify(item)
            if self._disconnect is not None:
                self._writing_since = loop.time()
                await self._transport.close(self._disconnect.code, self._disconnect.reason)
        except OSError:
            # The client is gone: its reader ends, too.
            self._lose()
        except Exception as error:  # noqa: BLE001 - see below
            # A server's own word for "too late", mostly. Nobody awaits this task: it speaks itself.
            log.warning("writing to a session failed: %s", type(error).__name__)
            self._lose()
        finally:
            self._writing_since = None
            self._writer = None

    def _lose(self) -> None:
        """Nothing can be written any more: there is nobody to be told why."""
        self._go(State.LEAVING)
        self._mailbox.clear()
        self._transport.abort()
