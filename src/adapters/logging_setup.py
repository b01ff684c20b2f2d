"""Logging: all lines rendered by structlog, configured once per process.

chanx logs through structlog, uvicorn and this service through the standard library; one
handler writes all of it. Tracebacks are plain: no locals, so no message text and no megabytes
(structlog 26 prints both where `rich` is installed).
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from adapters.log_context import log_context
from adapters.settings import LogFormat, LogSettings


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
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    exceptions = [structlog.processors.format_exc_info] if as_json else []
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *exceptions,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    # At info, uvicorn (0.54) logs every accepted socket with its query string.
    uvicorn = logging.getLogger("uvicorn.error")
    uvicorn.setLevel(logging.WARNING)
    uvicorn.addFilter(_is_not_about_bad_text)


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
