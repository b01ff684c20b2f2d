"""What carries a feature: a session of its own, or one topic of a session."""

from abc import abstractmethod
from typing import Protocol

from application.ports import Subscriber
from domain.identity import Caller


class Host(Subscriber, Protocol):
    """Who listens for a feature, and to whom it answers."""

    @property
    @abstractmethod
    def caller(self) -> Caller:
        """Who the client is by now."""

    @abstractmethod
    def send(self, frame: str) -> None:
        """Write a frame to this client alone, at once and without raising."""
