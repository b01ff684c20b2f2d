import io

import pytest

from adapters.cli.console import Console


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class File(Terminal):
    def isatty(self) -> bool:
        return False


@pytest.fixture(autouse=True)
def no_wish_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_each_line_has_the_name_of_who_said_it() -> None:
    stream = File()
    console = Console(stream, width=6)
    console.say("redis", "hello")
    console.say("worker", "")
    assert stream.getvalue() == "redis  | hello\nworker |\n"


def test_each_name_has_a_colour_of_its_own_on_a_terminal() -> None:
    stream = Terminal()
    console = Console(stream, width=1)
    for name in "aba":
        console.say(name, "x")
    first, second, third = stream.getvalue().splitlines()
    assert first == third == "\x1b[36ma |\x1b[0m x"
    assert second == "\x1b[35mb |\x1b[0m x"


@pytest.mark.parametrize(("stream", "wish"), [(File(), ""), (Terminal(), "1")])
def test_there_are_no_colours_in_a_file_or_where_nobody_wants_them(
    stream: Terminal, wish: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", wish)
    console = Console(stream, width=1)
    console.say("a", "x")
    console.print("here", bold=True)
    assert stream.getvalue() == "a | x\nhere\n"


def test_without_a_width_lines_go_through_as_they_are() -> None:
    stream = Terminal()
    Console(stream, width=0).say("server 1", '{"event": "x"}')
    assert stream.getvalue() == '{"event": "x"}\n'


def test_letters_that_a_stream_does_not_know_are_replaced() -> None:
    stream = File()
    stream.encoding = "ascii"
    Console(stream, width=1).say("a", "é🔔")
    assert stream.getvalue() == "a | ??\n"


def test_a_reader_that_has_gone_is_no_error() -> None:
    class Broken(File):
        def write(self, _text: str) -> int:
            raise BrokenPipeError

    Console(Broken(), width=1).say("a", "x")
