"""What a session hosts: a chat, a room, one's jobs."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from application.ports import Cursor


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
