"""Small programs to run as parts, and a group to run them in."""

import asyncio
import contextlib
import io
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.cli.console import Console
from adapters.cli.processes import Group, Part

DEADLINE = 20.0

READY = "ready"

FOR_EVER = "import time; print('ready', flush=True); time.sleep(600)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {FOR_EVER}"


def part(program: str, name: str = "part", **more: Any) -> Part:
    """A part that runs some lines of Python, without what takes long to import."""
    command = [sys.executable, "-I", "-S", "-c", program]
    chosen: dict[str, Any] = {"environment": {}, "stop_seconds": DEADLINE, "ready": READY, **more}
    return Part(name=name, command=command, **chosen)


@dataclass
class Stage:
    """A group, what its children printed, and what was reported about them."""

    output: io.TextIOWrapper = field(
        default_factory=lambda: io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    )
    reported: list[str] = field(default_factory=list)
    kill: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def lines(self) -> Sequence[str]:
        self.output.seek(0)
        return self.output.read().splitlines()

    @contextlib.asynccontextmanager
    async def group(self, *, at_once: bool = False) -> AsyncIterator[Group]:
        console = Console(self.output, width=4)
        async with (
            asyncio.timeout(DEADLINE),
            Group(console, self.reported.append, self.kill, at_once=at_once) as group,
        ):
            yield group
