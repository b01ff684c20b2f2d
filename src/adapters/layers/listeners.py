"""Who listens to which group in this process: shared by the lanes of all backends."""

from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from typing import Any, Protocol, runtime_checkable

from application.ports import Recovery, SlowReaders, Subscriber
from domain.identity import ConnectionId


@runtime_checkable
class MessageSubscriber(Subscriber, Protocol):
    """A subscriber that has handlers of its own for what other code sends to its group."""

    def notify(self, message: Mapping[str, Any]) -> None:
        """Take a message, at once and without raising."""


class Listeners:
    """Groups of subscribers, and the loops over them."""

    def __init__(self, slow_readers: SlowReaders = SlowReaders.DISCONNECT) -> None:
        self._slow_readers = slow_readers
        # Dictionaries for their order: whoever came first hears first.
        self._groups: dict[str, dict[ConnectionId, Subscriber]] = {}
        # Tuples, since nearly all listen to one group: a set takes four times as much memory.
        self._groups_of: dict[ConnectionId, tuple[str, ...]] = {}

    def add(self, group: str, subscriber: Subscriber) -> bool:
        """False if it listens to this group already."""
        members = self._groups.setdefault(group, {})
        connection_id = subscriber.connection_id
        if connection_id in members:
            return False
        # Here, and not for each frame: what may not be dropped costs nothing.
        is_lossy = self._slow_readers is not SlowReaders.DISCONNECT
        members[connection_id] = subscriber.lossy(self._slow_readers) if is_lossy else subscriber
        self._groups_of[connection_id] = (*self._groups_of.get(connection_id, ()), group)
        return True

    def remove(self, subscriber: Subscriber, group: str | None = None) -> list[str]:
        """End that it listens to `group`, or to all; returns the groups left without anybody."""
        connection_id = subscriber.connection_id
        theirs = self._groups_of.pop(connection_id, ())
        ended = [each for each in theirs if group in (None, each)]
        if len(ended) < len(theirs):
            self._groups_of[connection_id] = tuple(each for each in theirs if each != group)
        return [group for group in ended if self._forget(group, connection_id)]

    def close(self, group: str) -> None:
        """Have nobody listen to `group` any more."""
        for connection_id in self._groups.pop(group, {}):
            groups = self._groups_of.pop(connection_id)
            if len(groups) > 1:
                self._groups_of[connection_id] = tuple(each for each in groups if each != group)

    def give(self, group: str, frame: str, exclude: Collection[ConnectionId] = ()) -> None:
        members = self._groups.get(group, {})
        if not exclude:
            for subscriber in members.values():
                subscriber.deliver(frame)
            return
        for connection_id, subscriber in members.items():
            if connection_id not in exclude:
                subscriber.deliver(frame)

    def recover(
        self,
        group: str,
        recovery: Recovery,
        frames: Sequence[str],
        exclude: Collection[ConnectionId] = (),
    ) -> None:
        for connection_id, subscriber in self._groups.get(group, {}).items():
            if connection_id not in exclude:
                subscriber.recover(recovery, frames)

    def notify(self, group: str, message: Mapping[str, Any]) -> None:
        for subscriber in self._groups.get(group, {}).values():
            if isinstance(subscriber, MessageSubscriber):
                # Handlers are anybody's code: what one does to its message is its own affair.
                subscriber.notify(deepcopy(message))

    def find(self, group: str, connection_id: ConnectionId) -> Subscriber | None:
        """One that listens to `group`, by its connection."""
        return self._groups.get(group, {}).get(connection_id)

    def count(self, subscriber: Subscriber) -> int:
        return len(self._groups_of.get(subscriber.connection_id, ()))

    def hears(self, group: str, subscriber: Subscriber) -> bool:
        return subscriber.connection_id in self._groups.get(group, {})

    def __contains__(self, group: str) -> bool:
        return group in self._groups

    def _forget(self, group: str, connection_id: ConnectionId) -> bool:
        members = self._groups[group]
        del members[connection_id]
        if members:
            return False
        del self._groups[group]
        return True
