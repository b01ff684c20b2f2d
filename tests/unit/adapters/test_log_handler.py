"""Warnings and errors that repeat are counted, each kind on its own."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from adapters import log_handler
from adapters.log_handler import LogHandler
from tests.waiting import eventually

REPEATS = 2

log = logging.getLogger("tests.repeats")
other = logging.getLogger("tests.repeats.other")


class Lines(io.StringIO):
    @property
    def all(self) -> list[str]:
        return self.getvalue().splitlines()


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def handler(lines: Lines) -> Iterator[LogHandler]:
    """Whose windows end with the test."""
    yield from handling(lines, seconds=600)


def handling(lines: Lines, *, seconds: float) -> Iterator[LogHandler]:
    handler = LogHandler(lines, repeats=REPEATS, seconds=seconds)
    log.addHandler(handler)
    log.propagate = False
    log.setLevel(logging.DEBUG)
    yield handler
    log.removeHandler(handler)
    log.propagate = True
    handler.close()


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO])
def test_lines_that_were_asked_for_are_all_written(
    handler: LogHandler, lines: Lines, level: int
) -> None:
    for _ in range(50):
        log.log(level, "a line")
    assert lines.all == ["a line"] * 50


def test_of_what_repeats_the_first_are_written_and_in_the_end_how_many_more(
    handler: LogHandler, lines: Lines
) -> None:
    for number in range(10):
        log.warning("number %s", number)
    assert lines.all == ["number 0", "number 1"]
    handler.close()
    assert lines.all[2:] == ["number 2 (one of 8 more like it)"]


def test_what_does_not_repeat_has_no_count(handler: LogHandler, lines: Lines) -> None:
    log.warning("once")
    log.error("twice")
    log.error("twice")
    handler.close()
    assert lines.all == ["once", "twice", "twice"]


def test_each_kind_is_counted_on_its_own(handler: LogHandler, lines: Lines) -> None:
    for _ in range(3):
        log.warning("words")
        log.error("words")
        log.warning("other words")
        other.warning("words")
    assert len(lines.all) == 4 * REPEATS
    handler.close()
    assert len(lines.all) == 4 * REPEATS + 4


def test_another_error_under_the_same_words_is_another_kind(
    handler: LogHandler, lines: Lines
) -> None:
    for kind in (ValueError, OSError) * 3:
        log.error("it broke", exc_info=kind("why"))
    handler.close()
    written = [line for line in lines.all if line.startswith("it broke")]
    assert written == ["it broke"] * 4 + ["it broke (one of 1 more like it)"] * 2


def test_lines_of_structlog_are_counted_by_their_event(handler: LogHandler, lines: Lines) -> None:
    for number in range(5):
        log.warning({"event": "theirs", "number": number})  # as structlog hands them over
    handler.close()
    assert lines.all[-1] == "theirs (one of 3 more like it)"
    assert len(lines.all) == REPEATS + 1
    assert structlog.is_configured() is False


async def test_the_number_is_told_when_the_time_is_over_also_if_nothing_more_happens(
    lines: Lines,
) -> None:
    for _ in handling(lines, seconds=0.05):
        for _ in range(4):
            log.warning("again")
        await eventually(lambda: len(lines.all) == 3)
        assert lines.all[2] == "again (one of 2 more like it)"
        log.warning("again")
        assert lines.all[3] == "again"


def test_words_that_are_never_the_same_fill_no_memory(
    handler: LogHandler, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_handler, "KINDS", 10)
    for number in range(100):
        log.warning(f"number {number}")  # noqa: G004 - what this is about
    assert len(lines.all) == 10 + REPEATS
    handler.close()
    assert lines.all[-1] == "number 12 (one of 88 more like it)"
