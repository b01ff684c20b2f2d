"""The system socket: an echo that proves the way through."""

from domain import echo


class EchoService:
    def __init__(self, *, text_limit: int) -> None:
        self._text_limit = text_limit

    def greet(self) -> str:
        return echo.GREETING

    def echo(self, text: str) -> str:
        """Raise `TextIsEmpty`, `TextIsTooLong` or `TextIsNotUnicode`."""
        return echo.echo(text, limit=self._text_limit).value
