"""Logging: all lines rendered by structlog, configured once per process.

chanx logs through structlog, uvicorn and this service through the standard library; one
handler writes all of it. What clients write reaches no terminal as a command: control characters
are escaped. Tracebacks are plain: no locals, so no message text and no megabytes
(structlog 26 prints both where `rich` is installed).
"""

import io
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from adapters.log_context import log_context
from adapters.log_handler import LogHandler
from adapters.output import Output
from adapters.settings import LogFormat, LogSettings

# What terminals obey, or what ends a line for some reader, or turns the writing round: controls
# (JSON escapes those below a space only), U+2028 and U+2029, marks of direction.
_HIGH = (*range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
_ESCAPED_IN_JSON = {point: f"\\u{point:04x}" for point in _HIGH}
_ESCAPED = _ESCAPED_IN_JSON | {point: f"\\x{point:02x}" for point in (*range(0x20), 0x7F)}
# Further lines are indented, so that none is taken for a line of ours.
_ESCAPED_LINES = _ESCAPED | {ord("\t"): "\t", ord("\n"): "\n    "}


def configure_logging(settings: LogSettings) -> None:
    """Send all lines to standard error, as JSON or for a person to read."""
    as_json = settings.format is LogFormat.JSON
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_connection,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    renderers: list[Any] = (
        [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
            _escape_json,
        ]
        if as_json
        else [
            _escape,
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=_escaped_traceback
            ),
        ]
    )
    handler = LogHandler(sys.stderr, repeats=settings.repeats, per_second=settings.lines_per_second)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *renderers,
            ],
        )
    )
    output = getattr(sys.stderr, "buffer", None)
    if isinstance(output, Output):
        # In the log's own form: another would break JSON.
        output.notice = lambda lost: handler.format(_missing(lost))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    # At info, uvicorn (0.54) logs every accepted socket with its query string.
    uvicorn = logging.getLogger("uvicorn.error")
    uvicorn.setLevel(logging.WARNING)
    uvicorn.addFilter(_is_not_about_bad_text)


def _missing(lines: int) -> logging.LogRecord:
    text = "%s lines are missing here: nobody read them in time"
    return logging.LogRecord(__name__, logging.WARNING, "", 0, text, (lines,), None)


def _escape(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Of what isn't text the console shows `repr`, which escapes by itself."""
    for key, value in event.items():
        if isinstance(value, str):
            # Tracebacks of uvicorn come as the event.
            event[key] = value.translate(_ESCAPED_LINES if key == "event" else _ESCAPED)
    return event


def _escaped_traceback(stream: TextIO, exc_info: Any) -> None:
    plain = io.StringIO()
    structlog.dev.plain_traceback(plain, exc_info)
    stream.write(plain.getvalue().translate(_ESCAPED_LINES))


def _escape_json(_logger: Any, _name: str, line: str) -> str:
    return line.translate(_ESCAPED_IN_JSON)


def _is_not_about_bad_text(record: logging.LogRecord) -> bool:
    """uvicorn (0.54) logs a traceback for text that is not UTF-8, which close 1007 answers."""
    return not str(record.msg).startswith("Invalid UTF-8")


def _add_connection(
    _logger: Any, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    current = log_context.get()
    # A line about another connection than the one being handled names it itself.
    if current is not None and event.get("connection") in (None, current.connection_id):
        event["connection"] = current.connection_id
        event["message_id"] = current.message_id
    return event
