"""The system socket's service."""

import pytest

from application.echo import EchoService
from domain.errors import TextIsEmpty, TextIsNotUnicode, TextIsTooLong


def test_what_is_said_comes_back() -> None:
    assert EchoService(text_limit=10).echo("héllo 👋") == "héllo 👋"


def test_it_greets() -> None:
    assert EchoService(text_limit=10).greet() == "Connection established!"


def test_an_impossible_text_is_refused() -> None:
    echo = EchoService(text_limit=3)

    with pytest.raises(TextIsTooLong):
        echo.echo("four")
    with pytest.raises(TextIsEmpty):
        echo.echo("  ")
    with pytest.raises(TextIsNotUnicode):
        echo.echo("\ud800")
