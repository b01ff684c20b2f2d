"""`/ws/system`: an echo, straight from the service, on no lane."""

from chanx.core.decorators import ws_handler

from adapters.websocket.connection import Connection
from adapters.websocket.connections import Connections
from adapters.websocket.messages.frames import TextPayload
from adapters.websocket.messages.system import SystemEcho, UserMessage
from application.echo import EchoService


class SystemConsumer(Connection):
    """Says back what it hears."""

    def __init__(self, connections: Connections, echo: EchoService) -> None:
        super().__init__(connections)
        self._echo = echo

    async def opened(self) -> None:
        await self.send_message(_say(f"🔧 System: {self._echo.greet()}"))

    @ws_handler
    async def user_message(self, message: UserMessage) -> SystemEcho:
        return _say(f"🔧 System Echo: {self._echo.echo(message.payload.message)}")


def _say(text: str) -> SystemEcho:
    return SystemEcho(payload=TextPayload(message=text))
