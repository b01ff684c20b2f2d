"""Echo."""

from domain import echo
from domain.identity import MessageText


def test_an_echo_is_what_was_said() -> None:
    assert echo.echo(MessageText(" Héllo 👋\n")) == " Héllo 👋\n"


def test_the_greeting_is_the_protocols() -> None:
    assert echo.GREETING == "Connection established!"
