"""What members may send, whatever number of connections and server processes they use."""

from abc import abstractmethod
from typing import Protocol

from domain.identity import MemberId


class MemberRates(Protocol):
    """Rates of frames and of bytes, with a burst ahead of each, one pair for every member.

    A member is told apart on all server processes together. Each process lets through a small
    share of a burst before the others know of it, and holds the rates by itself while the backend
    doesn't answer. `bursts` are that of frames and that of bytes.
    """

    bursts: tuple[float, float]

    @abstractmethod
    def spend(self, member: MemberId, frames: int, size: int) -> float:
        """Count `frames` of `size` bytes that a member sent, and return 0; or, if that is too much,
        count nothing, and return in how many seconds it may try again. Asks nobody: it is called
        for every few frames."""

    @abstractmethod
    def owe(self, member: MemberId, frames: int, size: int) -> None:
        """Count what was handled already, even if it is too much. Asks nobody."""
