"""The one chanx consumer under all of ours: order, bounds, delivery, errors, a clean end.

chanx finds handlers, validates frames and documents them. What it does per frame and per
connection is replaced here (chanx 2.13): one loop reads and handles frame after frame in
the connection's own task, one pump writes what waits in the mailbox.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qs

from chanx.core.envelope import Envelope, current_ref
from chanx.fast_channels.websocket import AsyncJsonWebsocketConsumer
from chanx.messages.base import BaseMessage
from chanx.messages.incoming import PingMessage
from chanx.messages.outgoing import (
    CompleteMessage,
    ErrorMessage,
    GroupCompleteMessage,
    PongMessage,
)
from chanx.core.decorators import ws_handler
from fast_channels.layers import get_channel_layer
from fast_channels.type_defs import ASGIReceiveCallable, ASGISendCallable, ChannelScope
from pydantic import ValidationError

from adapters.correlation import Trail, trail
from adapters.visitors import recognise
from adapters.websocket import refusals
from adapters.websocket.closing import TOO_FAST, TOO_SLOW, Farewell
from adapters.websocket.connections import Connections
from adapters.websocket.mailbox import Close, Mailbox
from adapters.websocket.messages.frames import Disconnect, DisconnectPayload, Recovered, RecoveredPayload
from adapters.websocket.meter import Meter, Pace
from application.ports import Cursor, Recovery
from domain.identity import ConnectionId

log = logging.getLogger(__name__)

ABORT = "switchboard.abort"
"""The ASGI extension by which our server lets a connection be ended without a farewell."""

FRAMES_A_TURN = 16
"""So many frames are handled before others get a turn, however fast they come in."""

_COMPLETE = CompleteMessage().model_dump_json()
_GROUP_COMPLETE = GroupCompleteMessage().model_dump_json()


class Connection(AsyncJsonWebsocketConsumer):
    """One open socket. Features override `opened` and `closed`, and add handlers."""

    send_message_immediately = False
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
        self._meter = Meter(
            settings.frames_per_second, settings.frame_burst, settings.flood_seconds
        )
        self._trail = Trail(self.connection_id)
        self._writing_since: float | None = None

    async def opened(self) -> None:
        """The socket is accepted: greet, join, subscribe. May raise what handlers may."""

    async def closed(self) -> None:
        """The socket is gone: undo `opened`, however far it came."""

    @ws_handler
    async def ping(self, _message: PingMessage) -> PongMessage:
        """Answers at once."""
        return PongMessage()

    @property
    def since(self) -> list[Cursor]:
        """The cursors that the client came back with."""
        query = parse_qs(self.scope["query_string"].decode("latin-1"), max_num_fields=100)
        return [Cursor(cursor) for cursor in query.get("since", [])]

    @property
    def cursor(self) -> Cursor | None:
        """The one cursor of a socket that carries one audience."""
        return next(iter(self.since), None)

    # The way in.

    async def __call__(
        self, scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        self.scope = scope
        self.base_send = send
        self.channel_name = self.connection_id
        self.channel_layer = get_channel_layer(getattr(self, "channel_layer_alias", ""))
        trail.set(self._trail)
        visitor = recognise(scope["headers"], secure=scope.get("scheme") == "wss")
        self.member = visitor.member
        cookie = [(b"set-cookie", visitor.new_cookie.encode())] if visitor.new_cookie else None
        await receive()
        await self.accept(headers=cookie)
        self._connections.add(self)
        log.debug("connection opened", extra={"path": scope["path"]})
        pump = asyncio.create_task(self._pump(), name=f"pump-{self.connection_id}")
        try:
            await self._open()
            await self._read(receive)
        finally:
            await self._end(pump)

    async def _open(self) -> None:
        try:
            await self.opened()
        except Exception as error:
            self.say_farewell(refusals.farewell(error))

    async def _read(self, receive: ASGIReceiveCallable) -> None:
        turn = 0
        while (message := await receive())["type"] != "websocket.disconnect":
            if self._mailbox.is_closed:
                continue
            self._trail.frames += 1
            pace, wait = self._meter.count(time.monotonic())
            if wait:
                await self._slow_down(pace, wait)
            await self.websocket_receive(message)
            turn += 1
            if not self._mailbox.has_room:
                await self._mailbox.wait_for_room()
            elif turn >= FRAMES_A_TURN:
                turn = 0
                await asyncio.sleep(0)

    async def _slow_down(self, pace: Pace, wait: float) -> None:
        if pace is Pace.FLOOD_BEGINS:
            await self.send_message(refusals.slow_down(wait))
        if pace is Pace.FLOOD_GOES_ON:
            self.say_farewell(TOO_FAST)
        # Not reading is the brake: TCP passes it on to the sender.
        await asyncio.sleep(wait)

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any
    ) -> None:
        """Handle one frame to its end."""
        if text_data is None:
            await self.send_message(refusals.not_text())
        elif '"ref"' in text_data or '"topic"' in text_data:
            await self._receive_envelope(text_data)
        else:
            await self._receive_plain(text_data)
        if self.send_completion:
            self._put(_COMPLETE)

    async def _receive_plain(self, text: str) -> None:
        adapter = self.incoming_message_adapter
        assert adapter is not None, "every connection handles ping"
        try:
            message = adapter.validate_json(text)
        except ValidationError as error:
            await self.handle_validation_error(error)
            return
        if self._connections.settings.log_websocket:
            self._log("websocket received", getattr(message, "action", ""))
        await self.receive_message(message)

    async def _receive_envelope(self, text: str) -> None:
        try:
            envelope = Envelope.model_validate_json(text)
        except ValidationError as error:
            await self.handle_validation_error(error)
            return
        token = current_ref.set(envelope.ref)
        try:
            if envelope.topic is None:
                await self._receive_plain(text)
            else:
                await self.send_message(refusals.unknown_topic())
        finally:
            current_ref.reset(token)

    async def handle_validation_error(self, error: ValidationError) -> None:
        await self.send_message(refusals.not_valid(error))

    async def handle_message_handler_error(
        self, error: Exception, action: str, message: BaseMessage
    ) -> None:
        await self.send_message(refusals.refusal(error))

    async def handle_event_handler_error(
        self, error: Exception, action: str, event: BaseMessage
    ) -> None:
        log.error("event handler of %s failed", action, exc_info=error)

    # The way out.

    async def send_message(self, message: BaseMessage, *, validate: bool = False) -> None:
        """Answer this client; a `ref` in its frame comes back with the answer."""
        text = message.model_dump_json()
        ref = current_ref.get()
        if ref is not None:
            text = f'{text[:-1]},"version":1,"ref":{refusals.quoted(ref)}}}'
        self._put(text)

    async def send(
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
        log.warning("connection closed: it reads too slowly")
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
                if type(item) is str:
                    self._writing_since = loop.time()
                    await self.base_send({"type": "websocket.send", "text": item})
                    self._writing_since = None
                    if log_frames:
                        self._log("websocket sent", item[11 : item.find('"', 11)])
                elif type(item) is Close:
                    await self.close(item.code, item.reason)
                    return
                else:
                    await self.dispatch(item)
        except OSError:
            # The client is gone (uvicorn's ClientDisconnected); reading will say so.
            pass
        finally:
            self._mailbox.close()

    async def _end(self, pump: asyncio.Task[None]) -> None:
        self._closed = True
        self._connections.discard(self)
        self._mailbox.close()
        pump.cancel()
        try:
            await self.closed()
        except Exception as error:
            refusals.log_unexpected(error, "cleaning up after a connection failed")
        log.debug("connection closed")

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
