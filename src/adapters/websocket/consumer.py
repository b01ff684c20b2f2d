"""The chanx consumer under all of ours: it finds handlers, validates frames, documents them.

What chanx (2.13) does per frame and per connection is replaced: a session reads frame after
frame in the connection's own task, and writes at once what can be written.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial, wraps
from typing import Any, ClassVar, TypeAlias, cast

from chanx.core.decorators import event_handler, ws_handler
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
from fast_channels.layers import get_channel_layer
from fast_channels.type_defs import ASGIReceiveCallable, ChannelScope
from pydantic import TypeAdapter, ValidationError

from adapters.asgi_extensions import Extensions
from adapters.authenticator import Arrival, Authenticator
from adapters.denials import deny
from adapters.log_context import log_context
from adapters.sessions import disconnects
from adapters.sessions.host import Host
from adapters.sessions.registry import Registry
from adapters.sessions.session import Session
from adapters.websocket import replies
from adapters.websocket.admission import Admission
from adapters.websocket.authentication import Authenticate, Authenticated, AuthExpiring
from adapters.websocket.feature import AnnouncedFeature, SocketFeature, ToldFeature
from adapters.websocket.frames import Disconnect, Gap, Recovered, SystemNotify
from adapters.websocket.handshake import asked_cursors, picked
from adapters.websocket.transport import WebSocketTransport
from application.access import Access
from application.errors import RateLimited, Refusal
from domain.errors import NotAllowed, NotAuthenticated
from domain.events import AnnouncementMade
from domain.identity import MessageText

log = logging.getLogger(__name__)

MakeFeature: TypeAlias = Callable[[Host, Mapping[str, str]], SocketFeature]
"""Makes the feature of one session, given what its path names."""

_COMPLETE = CompleteMessage().model_dump_json()
_GROUP_COMPLETE = GroupCompleteMessage().model_dump_json()


class FeatureConsumer(AsyncJsonWebsocketConsumer):
    """One socket for one feature: `class ChatConsumer(FeatureConsumer, feature=…, path="/chat")`.

    `path` is relative to where all sockets are.
    """

    feature_class: ClassVar[type[SocketFeature]]
    path: ClassVar[str]
    emits: ClassVar[list[type[BaseMessage]]] = [Recovered, AuthExpiring, Disconnect, ErrorMessage]
    send_message_immediately = False

    def __init_subclass__(
        cls, feature: type[SocketFeature] | None = None, path: str = "", **kwargs: Any
    ) -> None:
        if feature is not None:
            cls.feature_class, cls.path = feature, path
            cls.emits = feature.emits
            for name, method in feature.handlers().items():
                setattr(cls, name, ws_handler(delegated(method)))
            if issubclass(feature, ToldFeature):
                cls.emits = [*feature.emits, Gap]
                # Layers are registered under the names of audiences, too.
                cls.channel_layer_alias = feature.audience_kind.value
            if issubclass(feature, AnnouncedFeature):
                if feature.place is not None:
                    cls.groups = [feature.place.channel]
                announces = event_handler(output_type=feature.emits)
                setattr(cls, system_notify.__name__, announces(system_notify))
        super().__init_subclass__(**kwargs)

    def __init__(
        self,
        registry: Registry,
        make_feature: MakeFeature,
        authenticator: Authenticator,
        access: Access,
    ) -> None:
        super().__init__()
        self.send_completion = registry.settings.send_completion
        self._registry = registry
        self._make_feature = make_feature
        self._authenticator = authenticator
        self._access = access
        self._frame: str | bytes = ""
        self.session: Session
        self.feature: SocketFeature
        self._admission: Admission

    @ws_handler
    async def ping(self, _message: PingMessage) -> PongMessage:
        """Answers at once."""
        return PongMessage()

    @ws_handler(output_type=Authenticated)
    async def authenticate(self, message: Authenticate) -> None:
        """Says who the client is: the first time, to go on with a newer token, or by a name."""
        await self._admission.authenticate(message.payload)

    # The way in.

    async def __call__(
        self,
        scope: ChannelScope,
        receive: ASGIReceiveCallable,
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        self.scope = scope
        self.base_send = send
        extensions = Extensions.of(scope)
        await receive()
        try:
            arrival = await self._authenticator.authenticate(scope)
        except (NotAuthenticated, Refusal) as error:
            await deny(scope, send, disconnects.Refused.for_error(error))
            return
        self.session = Session(
            self._registry,
            WebSocketTransport(extensions, receive, send),
            arrival.caller,
            notify=self._notified,
            after_delivery=_GROUP_COMPLETE if self.send_completion else None,
        )
        self.channel_name = self.session.connection_id
        self.channel_layer = get_channel_layer(getattr(self, "channel_layer_alias", ""))
        log_context.set(self.session.log_context)
        try:
            # First join, then accept: whoever is connected has joined already.
            await self._arrive(arrival)
            cookie = arrival.new_cookie
            headers = [(b"set-cookie", cookie.encode())] if cookie else None
            await self.accept(subprotocol=picked(scope), headers=headers)
        except NotAllowed as error:
            await self.session.end()
            await deny(scope, send, disconnects.Refused.for_error(error))
            return
        except BaseException as error:
            await self.session.end()
            # uvicorn's ClientDisconnected is one: the client didn't wait for us.
            if not isinstance(error, OSError):
                raise
            return
        log.debug("connection opened", extra={"path": scope["path"]})
        if extensions.go_on_with is not None:
            extensions.go_on_with(partial(self.session.serve, self._handle, self._turn_away))
        else:
            await self.session.serve(self._handle, self._turn_away)

    async def _arrive(self, arrival: Arrival) -> None:
        """Join, or wait for the client to say who it is. Raises `NotAllowed`."""
        try:
            self.feature = self._make_feature(self.session, self.scope.get("path_params") or {})
        except Exception as error:  # noqa: BLE001 - it is mapped, or logged and said so
            self.session.disconnect(disconnects.for_error(error))
            return
        since = asked_cursors(self.scope)
        self._admission = Admission(
            self.session, self.feature, since, self._authenticator, self._access
        )
        await self._admission.arrive(arrival)

    # One frame.

    async def _handle(self, frame: str | bytes) -> None:
        self._frame = frame
        if isinstance(frame, bytes):
            self._refuse(replies.not_text())
        elif '"ref"' in frame or '"topic"' in frame:
            await self._handle_envelope(frame)
        else:
            await self._handle_plain(frame)
        # An idle connection keeps none.
        self._frame = ""
        if self.send_completion:
            self.session.send(_COMPLETE)

    async def _handle_plain(self, text: str) -> None:
        # Every socket answers ping, so there is an adapter; chanx types it as optional.
        adapter = cast(TypeAdapter[BaseMessage], self.incoming_message_adapter)
        try:
            message = adapter.validate_json(text)
        except ValidationError as error:
            await self.handle_validation_error(error)
            return
        settings = self._registry.settings
        if settings.log_websocket:
            action = getattr(message, "action", "")
            if action not in settings.log_ignored_actions:
                log.info("websocket received", extra={"action": action})
        if self._admission.is_awaited and not isinstance(message, Authenticate | PingMessage):
            self._refuse_stranger()
            return
        await self.receive_message(message)

    async def _handle_envelope(self, text: str) -> None:
        try:
            envelope = Envelope.model_validate_json(text)
        except ValidationError as error:
            await self.handle_validation_error(error)
            return
        if envelope.topic is not None:
            await self._handle_topic(envelope.topic, envelope.ref, text)
            return
        token = current_ref.set(envelope.ref)
        try:
            await self._handle_plain(text)
        finally:
            current_ref.reset(token)

    async def _handle_topic(self, topic: str, ref: str | None, text: str) -> None:
        """A socket of one thing takes frames of its own topic alone."""
        if topic not in [place.channel for place in self.feature.places]:
            self._refuse(replies.unknown_topic())
            return
        with replies.addressed(topic, ref):
            await self._handle_plain(text)

    def _turn_away(self, frame: str | bytes, error: RateLimited) -> None:
        self.session.send(replies.refused(replies.refusal(error), frame))

    async def handle_validation_error(self, error: ValidationError) -> None:
        self._refuse(replies.not_valid(error))

    async def handle_message_handler_error(
        self, error: Exception, action: str, message: BaseMessage
    ) -> None:
        self._refuse(replies.refusal(error))

    def _refuse_stranger(self) -> None:
        self._refuse(replies.refusal(NotAuthenticated("First say who you are: authenticate.")))

    def _refuse(self, answer: ErrorMessage) -> None:
        """Say that the frame which is being handled is not done."""
        self.session.send(replies.refused(answer, self._frame))

    async def send_message(self, message: BaseMessage, *, validate: bool = False) -> None:
        self.session.send(replies.encoded(message))

    # What other code sends through chanx's own `broadcast_event` and `broadcast_message`.

    async def send(  # type: ignore[override]  # as fast-channels itself overrides it
        self, text_data: str | None = None, bytes_data: bytes | None = None, close: bool = False
    ) -> None:
        """Where chanx's other ways to send end; frames are text."""
        if text_data is not None:
            self.session.send(text_data)

    async def _notified(self, message: Mapping[str, Any]) -> None:
        """Give a layer's message to chanx's own handlers, and to nothing else of ours."""
        try:
            if str(message.get("type")) not in ("handle_channel_event", "handle_group_message"):
                raise ValueError("no handler for messages of this type")
            await self.dispatch(message)
        except Exception as error:
            log.error("a message from other code can't be handled", exc_info=error)

    async def handle_event_handler_error(
        self, error: Exception, action: str, event: BaseMessage
    ) -> None:
        log.error("event handler of %s failed", action, exc_info=error)


def delegated(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """A consumer's handler that has its feature's answer, under the names that chanx looks at."""

    @wraps(method)
    async def handle(self: FeatureConsumer, message: BaseMessage) -> Any:
        return await method(self.feature, message)

    return handle


async def system_notify(self: FeatureConsumer, event: SystemNotify) -> BaseMessage:
    """Tells this client what other code announces to its audience."""
    feature = cast(AnnouncedFeature, self.feature)
    made = AnnouncementMade(MessageText(event.payload.message))
    return feature.present(feature.place, made)
