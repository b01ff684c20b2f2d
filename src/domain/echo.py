"""Echo: the service greets, and says back what it hears."""

from domain.identity import MessageText

GREETING = "Connection established!"


def echo(raw: str, *, limit: int) -> MessageText:
    """What is heard, if it is a message at all: not blank and at most `limit` characters.

    Raises `TextIsEmpty`, `TextIsTooLong` or `TextIsNotUnicode`.
    """
    return MessageText.parse(raw, limit=limit)
