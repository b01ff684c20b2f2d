"""However many lines there are, so many of each level are written in a second."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from adapters import log_handler
from adapters.environment import load_settings
from adapters.log_handler import LogHandler, lines_left_out
from tests.unit.adapters.websocket.log_lines import configured_log
from tests.waiting import eventually

PER_SECOND = 3

log = logging.getLogger("tests.lines")
log.propagate = False
log.setLevel(logging.DEBUG)


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def handler(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> Iterator[LogHandler]:
    """Whose second ends with the test."""
    monkeypatch.setattr(log_handler, "SECOND", 600.0)
    handler = LogHandler(stream, repeats=1_000, per_second=PER_SECOND)
    log.addHandler(handler)
    yield handler
    log.removeHandler(handler)
    handler.close()


def lines(stream: io.StringIO) -> list[str]:
    return stream.getvalue().splitlines()


def left_out(more: int) -> str:
    return f"{more} more lines of this level were left out: LOG_LINES_PER_SECOND"


def test_so_many_are_written_and_in_the_end_how_many_more_there_were(
    handler: LogHandler, stream: io.StringIO
) -> None:
    for number in range(10):
        log.info("number %s", number)
    assert lines(stream) == ["number 0", "number 1", "number 2"]
    assert handler.left_out == 7
    handler.close()
    assert lines(stream)[3:] == [left_out(7)]


def test_a_flood_of_one_level_leaves_the_others_their_lines(
    handler: LogHandler, stream: io.StringIO
) -> None:
    for level in (logging.DEBUG, logging.INFO, logging.WARNING):
        for _ in range(50):
            log.log(level, "flood")
    for level in (logging.ERROR, logging.CRITICAL, logging.ERROR, logging.CRITICAL):
        log.log(level, "in need")
    assert lines(stream) == ["flood"] * 9 + ["in need"] * 3
    handler.close()
    assert lines(stream)[12:] == [left_out(47)] * 3 + [left_out(1)]


def test_no_more_than_there_may_be_leaves_nothing_out(
    handler: LogHandler, stream: io.StringIO
) -> None:
    for _ in range(PER_SECOND):
        log.info("a line")
    handler.close()
    assert lines(stream) == ["a line"] * PER_SECOND
    assert handler.left_out == 0


def test_the_number_of_what_repeats_is_a_line_like_the_others(stream: io.StringIO) -> None:
    handler = LogHandler(stream, repeats=1, per_second=PER_SECOND)
    log.addHandler(handler)
    for kind in "abc":
        for _ in range(2):
            log.warning(kind)
    log.removeHandler(handler)
    handler.close()
    assert lines(stream) == ["a", "b", "c", left_out(3)]


async def test_it_is_told_when_the_second_is_over_also_if_nothing_more_happens(
    handler: LogHandler, stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_handler, "SECOND", 0.05)
    for _ in range(PER_SECOND + 2):
        log.error("again")
    await eventually(lambda: left_out(2) in lines(stream))
    monkeypatch.setattr(log_handler, "SECOND", 600.0)
    log.error("a new second")
    assert lines(stream)[-1] == "a new second"


def test_a_late_timer_costs_no_line_and_tells_nothing_twice(
    handler: LogHandler, stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_handler, "_start_timer", lambda *_: None)
    monkeypatch.setattr(log_handler, "SECOND", 0.0)
    log.info("alone in its second")
    budget = handler._budgets[logging.INFO]
    budget.count = PER_SECOND + 4
    monkeypatch.setattr(log_handler, "SECOND", 600.0)
    log.info("next")
    handler._tell_left_out(logging.INFO, budget)
    assert lines(stream) == ["alone in its second", left_out(4), "next"]


def test_without_a_bound_all_lines_are_written(stream: io.StringIO) -> None:
    handler = LogHandler(stream, repeats=5, per_second=0)
    log.addHandler(handler)
    for _ in range(5_000):
        log.info("a line")
    log.removeHandler(handler)
    handler.close()
    assert len(lines(stream)) == 5_000


def test_the_log_of_a_process_has_the_bound_and_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_handler, "SECOND", 600.0)
    most = load_settings(_env_file=None).log.lines_per_second
    with configured_log() as written:
        for _ in range(most + 7):
            logging.getLogger("tests.of_the_process").info("a line")
        assert lines_left_out() == 7
        for handler in logging.getLogger().handlers:
            handler.close()
        assert len(written.lines) == most + 1
        assert json.loads(written.text.splitlines()[-1])["left_out"] == 7
