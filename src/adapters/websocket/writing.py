"""The way out of a connection.

A frame is written at once if the transport takes it. What it doesn't take waits in the
mailbox, and a pump writes that for as long as something waits. So an idle connection has
one task, and a frame for a thousand connections wakes none.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from chanx.core.envelope import current_ref
from chanx.fast_channels.websocket import AsyncJsonWebsocketConsumer
from chanx.messages.base import BaseMessage
from chanx.messages.outgoing import ErrorMessage, GroupCompleteMessage

from adapters.websocket import refusals
from adapters.websocket.closing import TOO_SLOW, Farewell
from adapters.websocket.connections import Connections
from adapters.websocket.mailbox import Close, Mailbox
from adapters.websocket.messages.frames import (
    Disconnect,
    DisconnectPayload,
    Recovered,
    RecoveredPayload,
)
from application.ports import Recovery
from domain.identity import ConnectionId

log = logging.getLogger(__name__)

ABORT = "switchboard.abort"
"""The ASGI extension by which our server lets a connection be ended without a farewell."""

WRITE = "switchboard.write"
"""The ASGI extension by which our server writes a text frame at once, or says that it can't."""

_GROUP_COMPLETE = GroupCompleteMessage().model_dump_json()
_ACTION_STARTS = len('{"action":"')


class WritingSide(AsyncJsonWebsocketConsumer):
    """What others may have this connection write: a `Subscriber`, and chanx's ways to send."""

    emits: ClassVar[list[type[BaseMessage]]] = [Recovered, Disconnect, ErrorMessage]

    def __init__(self, connections: Connections) -> None:
        super().__init__()
        settings = connections.settings
        self.connection_id = ConnectionId(secrets.token_hex(8))
        self.send_completion = settings.send_completion
        self._connections = connections
        self._mailbox = Mailbox(
            max_frames=settings.mailbox_frames, max_bytes=settings.mailbox_bytes
        )
        self._writing_since: float | None = None
        self._can_write = False
        self._write_now: Callable[[str], bool] = _can_not
        self._pump_task: asyncio.Task[None] | None = None

    async def send_message(self, message: BaseMessage, *, validate: bool = False) -> None:
        """Answer this client; a `ref` in its frame comes back with the answer."""
        text = message.model_dump_json()
        ref = current_ref.get()
        if ref is not None:
            text = f'{text[:-1]},"version":1,"ref":{refusals.quoted(ref)}}}'
        self._put(text)

    async def send(  # type: ignore[override]  # as fast-channels itself overrides it
        self, text_data: str | None = None, bytes_data: bytes | None = None, close: bool = False
    ) -> None:
        """Where chanx's other ways to send end; frames are text."""
        if text_data is not None:
            self._put(text_data)

    def deliver(self, frame: str) -> None:
        self._put(frame)
        if self.send_completion:
            self._put(_GROUP_COMPLETE)

    def recover(self, recovery: Recovery, frames: Sequence[str]) -> None:
        payload = RecoveredPayload(
            recovered=recovery.reason is None,
            missed=recovery.missed,
            reason=None if recovery.reason is None else recovery.reason.value,
        )
        self._mailbox.put_recovered([Recovered(payload=payload).model_dump_json(), *frames])
        self._pump()

    def notify(self, message: Mapping[str, Any]) -> None:
        if self._mailbox.put(message):
            self._pump()
        else:
            self._fall_behind()

    def say_farewell(self, farewell: Farewell) -> None:
        """Write what waits, then the reason, then close; abort if that takes too long.

        Whoever is leaving already is told nothing new.
        """
        if self._mailbox.is_closed:
            return
        self._connections.count_farewell(farewell.code)
        self._mailbox.finish(_disconnect(farewell), Close(farewell.code, farewell.reason))
        self._pump()
        self._abort_later()

    def check_writing(self, now: float) -> None:
        timeout = self._connections.settings.send_timeout
        if self._writing_since is not None and now - self._writing_since > timeout:
            self._fall_behind()

    def _put(self, frame: str) -> None:
        if self._pump_task is None and self._write_now(frame):
            if self._connections.settings.log_websocket:
                self._log_sent(frame)
        elif self._mailbox.put(frame):
            self._pump()
        else:
            self._fall_behind()

    def _start_writing(self) -> None:
        """The handshake is over: from now on frames can be written."""
        extensions = self.scope.get("extensions") or {}
        if WRITE in extensions:
            self._write_now = extensions[WRITE]["call"]
        self._can_write = True
        self._pump()

    def _fall_behind(self) -> None:
        if self._mailbox.is_closed:
            return
        # Whoever publishes finds this out: the line must name the reader.
        log.warning("it reads too slowly", extra={"connection": self.connection_id})
        self._connections.count_farewell(TOO_SLOW.code)
        self._mailbox.close(_disconnect(TOO_SLOW), Close(TOO_SLOW.code, TOO_SLOW.reason))
        self._pump()
        self._abort_later()

    def _abort_later(self) -> None:
        # A close waits for the peer to read what is before it, which may be never.
        timeout = self._connections.settings.send_timeout
        asyncio.get_running_loop().call_later(timeout, self._abort)

    def _abort(self) -> None:
        abort = (self.scope.get("extensions") or {}).get(ABORT)
        if abort is not None:
            abort["call"]()

    def _pump(self) -> None:
        """Have what waits written, unless that is under way or can't begin yet."""
        if self._pump_task is None and self._can_write and self._mailbox:
            self._pump_task = asyncio.create_task(self._write_waiting(), name="pump")

    async def _write_waiting(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while (item := self._mailbox.take()) is not None:
                self._writing_since = loop.time()
                if isinstance(item, str):
                    await self.base_send({"type": "websocket.send", "text": item})
                    if self._connections.settings.log_websocket:
                        self._log_sent(item)
                elif isinstance(item, Close):
                    await self.close(item.code, item.reason)
                else:
                    await self._handle(item)
        except OSError:
            # The client is gone (uvicorn's ClientDisconnected); reading will say so.
            self._mailbox.close()
        except Exception as error:  # noqa: BLE001 - see below
            # A server's own word for "too late", mostly. Nobody awaits this task: it speaks itself.
            log.warning("writing to a connection failed: %s", type(error).__name__)
            self._mailbox.close()
            self._abort()
        finally:
            self._writing_since = None
            self._pump_task = None

    async def _handle(self, message: Mapping[str, Any]) -> None:
        """Give another program's message to chanx's handlers, and to nothing else of ours."""
        try:
            if str(message.get("type")) not in ("handle_channel_event", "handle_group_message"):
                raise ValueError("no handler for messages of this type")
            await self.dispatch(message)
        except Exception as error:
            log.error("a message from other code can't be handled", exc_info=error)

    def _log_sent(self, frame: str) -> None:
        action = frame[_ACTION_STARTS : frame.find('"', _ACTION_STARTS)]
        if action not in self._connections.settings.log_ignored_actions:
            # Frames are written in the task of whoever publishes: the line names the receiver.
            log.info("websocket sent", extra={"action": action, "connection": self.connection_id})


def _can_not(_frame: str) -> bool:
    """Servers that don't offer it write through ASGI only."""
    return False


def _disconnect(farewell: Farewell) -> str:
    after_ms = None if farewell.after is None else int(farewell.after * 1000)
    payload = DisconnectPayload(
        code=farewell.code,
        reason=farewell.reason,
        reconnect=farewell.reconnect,
        after_ms=after_ms,
    )
    return Disconnect(payload=payload).model_dump_json()
