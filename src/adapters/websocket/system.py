"""`/ws/system`: an echo, straight from the service, on no lane."""

from collections.abc import Mapping, Sequence
from typing import Literal

from chanx.messages.base import BaseMessage

from adapters.sessions.host import Host
from adapters.websocket.consumer import FeatureConsumer
from adapters.websocket.feature import SocketFeature, handler
from adapters.websocket.frames import TextPayload
from application.echo import EchoService
from application.ports import Cursor


class UserMessage(BaseMessage):
    """Says something to the service."""

    action: Literal["user_message"] = "user_message"
    payload: TextPayload


class SystemEcho(BaseMessage):
    """The service says something back."""

    action: Literal["system_echo"] = "system_echo"
    payload: TextPayload


class SystemFeature(SocketFeature):
    def __init__(self, session: Host, _path: Mapping[str, str], echo: EchoService) -> None:
        super().__init__(session)
        self._echo = echo

    async def open(self, since: Sequence[Cursor]) -> None:
        self.reply(_say(f"🔧 System: {self._echo.greet()}"))

    async def close(self) -> None:
        """There is nothing to undo."""

    @handler
    async def user_message(self, message: UserMessage) -> SystemEcho:
        return _say(f"🔧 System Echo: {self._echo.echo(message.payload.message)}")


class SystemConsumer(FeatureConsumer, feature=SystemFeature, path="/system"):
    """Says back what it hears."""


def _say(text: str) -> SystemEcho:
    return SystemEcho(payload=TextPayload(message=text))
