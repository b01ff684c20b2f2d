"""The system socket: an echo that proves the way through."""

from domain import echo
from domain.identity import MessageText


class EchoService:
    def __init__(self, *, text_limit: int) -> None:
        self._text_limit = text_limit

    def greet(self) -> str:
        return echo.GREETING

    def echo(self, text: str) -> str:
        """Raise `TextIsEmpty` or `TextIsTooLong`."""
        return echo.echo(MessageText.parse(text, limit=self._text_limit))
