"""Reads back what the service writes to its log."""

import contextlib
import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import structlog

from adapters.environment import load_settings
from adapters.logging_setup import configure_logging
from adapters.settings import LogFormat


class Log:
    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines of a JSON log."""
        return [json.loads(line) for line in self.text.splitlines()]


@contextlib.contextmanager
def configured_log(level: str = "info", *, as_json: bool = True) -> Iterator[Log]:
    """Logging as the service sets it up; afterwards all is as it was."""
    log = Log()
    root, uvicorn = logging.getLogger(), logging.getLogger("uvicorn.error")
    before = root.handlers[:], root.level, uvicorn.level
    with patch.object(sys, "stderr", log.stream):
        log_format = LogFormat.JSON if as_json else LogFormat.CONSOLE
        configure_logging(load_settings(log_level=level, log_format=log_format).log)
    try:
        yield log
    finally:
        root.handlers[:], root.level, uvicorn.level = before
        root.setLevel(before[1])
        uvicorn.setLevel(before[2])
        structlog.reset_defaults()
