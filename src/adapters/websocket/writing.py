"""The way out of a connection: everything goes through its mailbox, written by one pump."""

import asyncio
import logging
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from chanx.core.envelope import current_ref
from chanx.fast_channels.websocket import AsyncJsonWebsocketConsumer
from chanx.messages.base import BaseMessage
from chanx.messages.outgoing import GroupCompleteMessage

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

_GROUP_COMPLETE = GroupCompleteMessage().model_dump_json()
_ACTION_STARTS = len('{"action":"')


class WritingSide(AsyncJsonWebsocketConsumer):
    """What others may have this connection write: a `Subscriber`, and chanx's ways to send."""

    emits: ClassVar[list[type[BaseMessage]]] = [Recovered, Disconnect]

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

    def notify(self, message: Mapping[str, Any]) -> None:
        if not self._mailbox.put(message):
            self._fall_behind()

    def say_farewell(self, farewell: Farewell) -> None:
        """Write what waits, then the reason, then close; abort if that takes too long."""
        self._mailbox.finish(_disconnect(farewell), Close(farewell.code, farewell.reason))
        self._abort_later()

    def check_writing(self, now: float) -> None:
        timeout = self._connections.settings.send_timeout
        if self._writing_since is not None and now - self._writing_since > timeout:
            self._fall_behind()

    def _put(self, frame: str) -> None:
        if not self._mailbox.put(frame):
            self._fall_behind()

    def _fall_behind(self) -> None:
        if self._mailbox.is_closed:
            return
        # Whoever publishes finds this out: the line must name the reader.
        log.warning("it reads too slowly", extra={"connection": self.connection_id})
        self._mailbox.close(_disconnect(TOO_SLOW), Close(TOO_SLOW.code, TOO_SLOW.reason))
        self._abort_later()

    def _abort_later(self) -> None:
        # A close waits for the peer to read what is before it, which may be never.
        abort = (self.scope.get("extensions") or {}).get(ABORT)
        if abort is not None:
            timeout = self._connections.settings.send_timeout
            asyncio.get_running_loop().call_later(timeout, abort["call"])

    async def _pump(self) -> None:
        loop = asyncio.get_running_loop()
        log_frames = self._connections.settings.log_websocket
        try:
            while True:
                item = await self._mailbox.take()
                if isinstance(item, str):
                    self._writing_since = loop.time()
                    await self.base_send({"type": "websocket.send", "text": item})
                    self._writing_since = None
                    if log_frames:
                        self._log("websocket sent", item[11 : item.find('"', 11)])
                elif isinstance(item, Close):
                    await self.close(item.code, item.reason)
                    return
                else:
                    await self._handle(item)
        except OSError:
            # The client is gone (uvicorn's ClientDisconnected); reading will say so.
            pass
        finally:
            self._mailbox.close()

    async def _handle(self, message: Mapping[str, Any]) -> None:
        """Give another program's message to chanx's handlers, and to nothing else of ours."""
        try:
            if str(message.get("type")) not in ("handle_channel_event", "handle_group_message"):
                raise ValueError("no handler for messages of this type")
            await self.dispatch(message)
        except Exception as error:
            log.error("a message from other code can't be handled", exc_info=error)

    def _log(self, line: str, action: str) -> None:
        if action not in self._connections.settings.log_ignored_actions:
            log.info(line, extra={"action": action})


def _disconnect(farewell: Farewell) -> str:
    after_ms = None if farewell.after is None else int(farewell.after * 1000)
    payload = DisconnectPayload(
        code=farewell.code,
        reason=farewell.reason,
        reconnect=farewell.reconnect,
        after_ms=after_ms,
    )
    return Disconnect(payload=payload).model_dump_json()
