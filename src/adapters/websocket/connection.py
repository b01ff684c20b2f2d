"""The one chanx consumer under all of ours: order, bounds, delivery, errors, a clean end.

chanx finds handlers, validates frames and documents them. What it does per frame and per
connection is replaced here (chanx 2.13): one loop reads and handles frame after frame in
the connection's own task, one pump writes what waits in the mailbox.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, cast
from urllib.parse import unquote

from chanx.core.decorators import ws_handler
from chanx.core.envelope import Envelope, current_ref
from chanx.messages.base import BaseMessage
from chanx.messages.incoming import PingMessage
from chanx.messages.outgoing import (
    CompleteMessage,
    PongMessage,
)
from fast_channels.layers import get_channel_layer
from fast_channels.type_defs import ASGIReceiveCallable, ChannelScope
from pydantic import TypeAdapter, ValidationError

from adapters.log_context import LogContext, log_context
from adapters.visitors import recognise
from adapters.websocket import refusals
from adapters.websocket.closing import TOO_FAST
from adapters.websocket.connections import Connections
from adapters.websocket.meter import Meter, Pace
from adapters.websocket.writing import WritingSide
from application.ports import Cursor

log = logging.getLogger(__name__)

CONTINUE = "switchboard.continue"
"""The ASGI extension by which our server goes on with a connection after the application has
returned: what is round this consumer is then gone, and not passed through for every frame."""

FRAMES_A_TURN = 16
"""So many frames are handled before others get a turn, however fast they come in."""

_COMPLETE = CompleteMessage().model_dump_json()


class Connection(WritingSide):
    """One open socket. Features override `opened` and `closed`, and add handlers."""

    send_message_immediately = False

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        settings = connections.settings
        self._meter = Meter(
            settings.frames_per_second, settings.frame_burst, settings.flood_seconds
        )
        self._log_context = LogContext(self.connection_id)

    async def opened(self) -> None:
        """The socket is accepted: greet, join, subscribe. May raise what handlers may."""

    async def closed(self) -> None:
        """The socket is gone: undo `opened`, however far it came."""

    @ws_handler
    async def ping(self, _message: PingMessage) -> PongMessage:
        """Answers at once."""
        return PongMessage()

    @property
    def frames_received(self) -> int:
        return self._log_context.frames

    @property
    def since(self) -> list[Cursor]:
        """The cursors that the client came back with."""
        text = self.scope["query_string"].decode("latin-1")
        fields = [field.partition("=") for field in text.split("&")]
        return [Cursor(unquote(value)) for name, _, value in fields if name == "since"]

    @property
    def cursor(self) -> Cursor | None:
        """The one cursor of a socket that carries one audience."""
        return next(iter(self.since), None)

    # The way in.

    async def __call__(
        self,
        scope: ChannelScope,
        receive: ASGIReceiveCallable,
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        self.scope = scope
        self.base_send = send
        self.channel_name = self.connection_id
        self.channel_layer = get_channel_layer(getattr(self, "channel_layer_alias", ""))
        log_context.set(self._log_context)
        visitor = recognise(scope["headers"], secure=scope.get("scheme") == "wss")
        self.member = visitor.member
        cookie = [(b"set-cookie", visitor.new_cookie.encode())] if visitor.new_cookie else None
        await receive()
        self._connections.add(self)
        try:
            # First join, then accept: whoever is connected has joined already.
            await self._open()
            await self.accept(headers=cookie)
        except BaseException as error:
            await self._end()
            # uvicorn's ClientDisconnected is one: the client didn't wait for us.
            if not isinstance(error, OSError):
                raise
            return
        log.debug("connection opened", extra={"path": scope["path"]})
        go_on = (scope.get("extensions") or {}).get(CONTINUE)
        if go_on is not None:
            go_on["call"](partial(self._serve, receive))
        else:
            await self._serve(receive)

    async def _open(self) -> None:
        try:
            await self.opened()
        except Exception as error:  # noqa: BLE001 - refusals map it, or log it and say so
            self.say_farewell(refusals.farewell(error))

    async def _serve(self, receive: ASGIReceiveCallable) -> None:
        try:
            self._start_writing()
            await self._read(receive)
        except OSError:
            pass  # a server's way to say that the client is gone
        finally:
            await self._end()

    async def _read(self, receive: ASGIReceiveCallable) -> None:
        turn = 0
        while (message := await receive())["type"] != "websocket.disconnect":
            if self._mailbox.is_closed:
                continue
            self._log_context.frames += 1
            pace, wait = self._meter.count(time.monotonic())
            if wait and not await self._slow_down(pace, wait):
                continue
            await self.receive(message.get("text"), message.get("bytes"))
            turn += 1
            if not self._mailbox.has_room:
                await self._mailbox.wait_for_room()
            elif turn >= FRAMES_A_TURN:
                turn = 0
                await asyncio.sleep(0)

    async def _slow_down(self, pace: Pace, wait: float) -> bool:
        """Have a sender wait that is too fast; false if it was too fast for too long."""
        if pace is Pace.FLOOD_BEGINS:
            await self.send_message(refusals.slow_down(wait))
        if pace is Pace.FLOOD_GOES_ON:
            self.say_farewell(TOO_FAST)
            return False
        # Not reading is the brake: TCP passes it on to the sender.
        await asyncio.sleep(wait)
        return True

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
        # Every connection handles ping, so there is an adapter; chanx types it as optional.
        adapter = cast(TypeAdapter[BaseMessage], self.incoming_message_adapter)
        try:
            message = adapter.validate_json(text)
        except ValidationError as error:
            await self.handle_validation_error(error)
            return
        if self._connections.settings.log_websocket:
            self._log_received(getattr(message, "action", ""))
        await self.receive_message(message)

    def _log_received(self, action: str) -> None:
        if action not in self._connections.settings.log_ignored_actions:
            log.info("websocket received", extra={"action": action})

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

    async def _end(self) -> None:
        self._closed = True
        self._connections.discard(self)
        self._mailbox.close()
        if self._pump_task is not None:
            self._pump_task.cancel()
        try:
            await self.closed()
        except Exception as error:  # noqa: BLE001 - nobody is left to tell but the log
            refusals.log_unexpected(error, "cleaning up after a connection failed")
        log.debug("connection closed")
