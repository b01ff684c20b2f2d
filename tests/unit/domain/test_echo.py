"""Echo."""

import pytest

from domain import echo
from domain.errors import TextIsEmpty, TextIsNotUnicode, TextIsTooLong


def test_what_is_said_comes_back_as_it_was() -> None:
    assert echo.echo(" Héllo 👋\n", limit=9).value == " Héllo 👋\n"


def test_what_is_no_message_does_not_come_back() -> None:
    with pytest.raises(TextIsEmpty):
        echo.echo(" ", limit=9)
    with pytest.raises(TextIsTooLong):
        echo.echo("0123456789", limit=9)
    with pytest.raises(TextIsNotUnicode):
        echo.echo("\ud800", limit=9)


def test_the_greeting_says_that_the_way_is_open() -> None:
    assert echo.GREETING == "Connection established!"
