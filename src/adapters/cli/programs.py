"""What the commands start, given by bootstrap, and the lines that say a program is ready."""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Protocol

import click

from adapters.settings import BackendName, Settings
from application.announcements import AnnouncementService
from domain.capabilities import Capabilities
from domain.identity import OPERATOR, Caller

SERVER_IS_READY = "Switchboard is on "
"""How the line begins; the address follows."""

WORKER_IS_READY = "Switchboard's worker is ready"


class Mint(Protocol):
    def __call__(
        self,
        settings: Settings,
        subject: str,
        *,
        name: str | None,
        capabilities: Capabilities,
        expires_in: float,
    ) -> str:
        """See `TokenMinter`; raises `MintingIsOff` where there is no secret to sign with."""


@dataclass(frozen=True, slots=True)
class Programs:
    serve: Callable[[Settings, list[socket.socket], bool], None]
    """The last argument says whether other processes listen on the same sockets."""
    run_worker: Callable[[Settings], Coroutine[None, None, None]]
    send: Callable[[Settings, str, str, float, int], Coroutine[None, None, None]]
    check: Callable[[Settings], Coroutine[None, None, None]]
    """Returns if the backend answers and has what is needed; see `Backend.check`."""
    mint: Mint
    shared_backends: Sequence[BackendName]
    """Those whose state several processes share, the preferred one first."""
    own_command: Sequence[str]
    """Starts this program anew."""


def server_is_ready(url: str, settings: Settings) -> str:
    return f"{SERVER_IS_READY}{url} ({settings.backend} backend)"


async def announce_repeatedly(
    announcements: AnnouncementService, channel: str, text: str, every: float, count: int
) -> None:
    """Announce `text` on `channel`, `count` times with `every` seconds in between."""
    for number in range(count):
        if number:
            await asyncio.sleep(every)
        await announcements.announce(Caller(OPERATOR), channel, text, periodic=every > 0)
        click.echo(f"sent {number + 1} of {count} to {channel}")
