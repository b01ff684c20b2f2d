"""Lines of several processes on one stream, each behind the name of its process."""

import os
from typing import TextIO

import click

COLOURS = ("cyan", "magenta", "green", "yellow", "blue")


class Console:
    """Colours only a terminal, and none where NO_COLOR asks for none (no-color.org).

    With `width` 0 a line goes through as it is: a prefix would break JSON.
    """

    def __init__(self, stream: TextIO, *, width: int) -> None:
        self._stream = stream
        self._width = width
        self._has_colours = stream.isatty() and not os.environ.get("NO_COLOR")
        self._colours: dict[str, str] = {}

    def say(self, name: str, line: str) -> None:
        """Print `line` behind `name`."""
        if not self._width:
            self.print(line)
            return
        prefix = f"{name:<{self._width}} |"
        if self._has_colours:
            colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
            prefix = click.style(prefix, fg=colour)
        self.print(f"{prefix} {line}".rstrip())

    def print(self, line: str, *, bold: bool = False) -> None:
        """Print `line` without a name."""
        encoding = self._stream.encoding
        text = line.encode(encoding, "replace").decode(encoding)
        if bold and self._has_colours:
            text = click.style(text, bold=True)
        try:
            self._stream.write(f"{text}\n")
            self._stream.flush()
        except OSError:
            # The reader is gone (a closed terminal, `| head`). The children must be stopped in
            # order all the same.
            pass
