"""File descriptors that run out, of which each connection takes one: told in the log."""

import errno
import logging
import socket
from typing import Any

from adapters.settings_group import PREFIX

log = logging.getLogger(__name__)


class DescriptorWatch:
    """Tells in the log when none is left: uvloop (0.23) resets newcomers then, without a word."""

    def __init__(self) -> None:
        self._are_left = True

    def check(self) -> None:
        were_left, self._are_left = self._are_left, _can_open()
        if were_left and not self._are_left:
            log.warning(
                "no file descriptors are left: newcomers are turned away. Raise the hard limit"
                " (ulimit -Hn, LimitNOFILE=), or lower %sMAX_CONNECTIONS",
                PREFIX,
            )


def _can_open() -> bool:
    try:
        socket.socket().close()
    except OSError as error:
        return error.errno not in (errno.EMFILE, errno.ENFILE)
    return True


def without_accepting(loop: Any, context: dict[str, Any]) -> None:
    """An exception handler for loops that leaves out what `DescriptorWatch` tells: asyncio logs a
    traceback a second for it."""
    if not str(context.get("message")).startswith("socket.accept() out of system resource"):
        loop.default_exception_handler(context)
