"""What a session hosts: a chat, a room, one's jobs."""

import logging
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from application.errors import Refusal
from application.ports import Cursor

log = logging.getLogger(__name__)

Handle: TypeAlias = Callable[[str | bytes], Awaitable[None]]
"""What is done with a frame of the client."""

Notify: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[None]]
"""What is done with a message that isn't a frame."""


class Feature(Protocol):
    """One feature for one session, from joining to leaving."""

    @abstractmethod
    async def open(self, since: Sequence[Cursor]) -> None:
        """Greet, join, subscribe; `since` are the cursors that the client came back with.

        Raises a `BrokenRule` or a `Refusal` for what can't be done.
        """

    @abstractmethod
    async def close(self) -> None:
        """Undo `open`, however far it came."""


async def close_feature(feature: Feature | None) -> None:
    """Close it, if there is one. A failure is logged: there is nobody left to be told."""
    try:
        if feature is not None:
            await feature.close()
    except Refusal as error:
        log.warning("closing a feature failed: %s", error.detail)
    except Exception:
        log.exception("closing a feature failed")
