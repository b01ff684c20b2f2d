"""Writes log lines: of warnings and errors that repeat, a few and then a count; and of all lines of
a level, so many a second and then a count.

A flood of bad frames, or of connections over a limit, must not become a flood of lines.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TextIO, TypeAlias

REPEAT_SECONDS = 10.0
"""For which lines of one kind are counted, and after which their number is told."""

KINDS = 1_000
"""That are told apart; a library that puts details into its words makes a kind of each line."""

SECOND = 1.0

Kind: TypeAlias = tuple[object, ...]


@dataclass(slots=True)
class _Window:
    ends: float
    count: int = 0
    first_untold: logging.LogRecord | None = None


@dataclass(slots=True)
class _Budget:
    """Of one level in one second."""

    ends: float
    count: int = 0


class LogHandler(logging.StreamHandler[TextIO]):
    """Of warnings and errors of one kind (the same logger, level, words and class of exception) the
    first `repeats` within `seconds` are written, and then how many more there were.

    Of each level `per_second` lines are written, and then how many were left out; 0 is no bound.
    Each level has its own, so that no flood of lesser lines drowns an error. `left_out` are those
    since the start.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        repeats: int,
        seconds: float = REPEAT_SECONDS,
        per_second: int = 0,
    ) -> None:
        super().__init__(stream)
        self.left_out = 0
        self._per_second = per_second
        self._budgets: dict[int, _Budget] = {}
        self._repeats = repeats
        self._seconds = seconds
        self._windows: dict[Kind, _Window] = {}

    def emit(self, record: logging.LogRecord) -> None:
        # logging holds the handler's lock here.
        if record.levelno < logging.WARNING or self._is_due(record):
            self._write(record)

    def close(self) -> None:
        """Tell what is counted and not told yet."""
        for kind in list(self._windows):
            self._tell(kind)
        for level, budget in list(self._budgets.items()):
            self._tell_left_out(level, budget)
        super().close()

    def _write(self, record: logging.LogRecord) -> None:
        if self._per_second and not self._is_within_budget(min(record.levelno, logging.ERROR)):
            self.left_out += 1
        else:
            super().emit(record)

    def _is_within_budget(self, level: int) -> bool:
        now = time.monotonic()
        budget = self._budgets.get(level)
        if budget is not None and now >= budget.ends:
            self._tell_left_out(level, budget)
            budget = None
        if budget is None:
            budget = self._budgets[level] = _Budget(now + SECOND)
        budget.count += 1
        if budget.count == self._per_second + 1:
            # It is told also if nothing more happens.
            _start_timer(budget.ends - now, self._tell_left_out, level, budget)
        return budget.count <= self._per_second

    def _tell_left_out(self, level: int, budget: _Budget) -> None:
        """Write how many lines of `level` were not, and begin anew; once for each budget."""
        with self._held():
            if self._budgets.get(level) is not budget:
                return
            del self._budgets[level]
            if (more := budget.count - self._per_second) > 0:
                words = "%s more lines of this level were left out: LOG_LINES_PER_SECOND"
                told = logging.LogRecord(__name__, level, "", 0, words, (more,), None)
                told.left_out = more
                super().emit(told)

    @contextlib.contextmanager
    def _held(self) -> Iterator[None]:
        self.acquire()
        try:
            yield
        finally:
            self.release()

    def _is_due(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        kind = self._kind_of(record, now)
        window = self._windows.get(kind)
        if window is None or (window.first_untold is None and now >= window.ends):
            window = self._windows[kind] = _Window(now + self._seconds)
        window.count += 1
        if window.count <= self._repeats:
            return True
        if window.first_untold is None:
            window.first_untold = record
            _start_timer(window.ends - now, self._tell, kind)
        return False

    def _tell(self, kind: Kind) -> None:
        """Write how many of `kind` were not written, and begin anew."""
        with self._held():
            window = self._windows.pop(kind, None)
            if window is None or window.first_untold is None:
                return
            like = window.first_untold
            more = window.count - self._repeats
            words = like.msg["event"] if isinstance(like.msg, dict) else like.getMessage()
            text = "%s (one of %s more like it)"
            told = logging.LogRecord(like.name, like.levelno, "", 0, text, (words, more), None)
            told.repeated = more
            self._write(told)

    def _kind_of(self, record: logging.LogRecord, now: float) -> Kind:
        words = record.msg.get("event") if isinstance(record.msg, dict) else record.msg
        error = record.exc_info[0] if record.exc_info else None
        kind = (record.name, record.levelno, str(words), error)
        if kind not in self._windows and len(self._windows) >= KINDS:
            self._windows = {
                kind: window
                for kind, window in self._windows.items()
                if window.first_untold is not None or now < window.ends
            }
            if len(self._windows) >= KINDS:
                return (record.name, record.levelno)
        return kind


def lines_left_out() -> int:
    """How many lines this process did not write since its start, because of their number."""
    handlers = logging.getLogger().handlers
    return sum(handler.left_out for handler in handlers if isinstance(handler, LogHandler))


def _start_timer(seconds: float, do: Callable[..., None], *args: object) -> None:
    timer = threading.Timer(seconds, do, args)
    timer.daemon = True
    timer.start()
