"""Writes log lines; of warnings and errors that repeat, a few and then a count.

A flood of bad frames, or of connections over a limit, must not become a flood of lines.
"""

import logging
import threading
import time
from dataclasses import dataclass
from typing import TextIO, TypeAlias

REPEAT_SECONDS = 10.0
"""For which lines of one kind are counted, and after which their number is told."""

KINDS = 1_000
"""That are told apart; a library that puts details into its words makes a kind of each line."""

Kind: TypeAlias = tuple[object, ...]


@dataclass(slots=True)
class _Window:
    ends: float
    count: int = 0
    first_untold: logging.LogRecord | None = None


class LogHandler(logging.StreamHandler[TextIO]):
    """Of warnings and errors of one kind (the same logger, level, words and class of exception) the
    first `repeats` within `seconds` are written, and then how many more there were.
    """

    def __init__(self, stream: TextIO, *, repeats: int, seconds: float = REPEAT_SECONDS) -> None:
        super().__init__(stream)
        self._repeats = repeats
        self._seconds = seconds
        self._windows: dict[Kind, _Window] = {}

    def emit(self, record: logging.LogRecord) -> None:
        # logging holds the handler's lock here.
        if record.levelno < logging.WARNING or self._is_due(record):
            super().emit(record)

    def close(self) -> None:
        """Tell what is counted and not told yet."""
        for kind in list(self._windows):
            self._tell(kind)
        super().close()

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
            timer = threading.Timer(window.ends - now, self._tell, args=[kind])
            timer.daemon = True
            timer.start()
        return False

    def _tell(self, kind: Kind) -> None:
        """Write how many of `kind` were not written, and begin anew."""
        self.acquire()
        try:
            window = self._windows.pop(kind, None)
            if window is None or window.first_untold is None:
                return
            like = window.first_untold
            more = window.count - self._repeats
            words = like.msg["event"] if isinstance(like.msg, dict) else like.getMessage()
            text = "%s (one of %s more like it)"
            told = logging.LogRecord(like.name, like.levelno, "", 0, text, (words, more), None)
            told.repeated = more
            super().emit(told)
        finally:
            self.release()

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
