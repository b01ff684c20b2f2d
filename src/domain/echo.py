"""Echo: the service greets, and says back what it hears."""

from domain.identity import MessageText

GREETING = "Connection established!"


def echo(text: MessageText) -> str:
    return text.value
