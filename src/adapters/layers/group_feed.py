"""How far one process has given out a group's messages, and to whom: without gap or repeat.

A state machine without I/O. A backend feeds it live messages and readings of its history, and is
told where to read from when something is missing.
"""

import logging
from collections.abc import Callable, Sequence

from adapters.layers.listeners import Listeners
from adapters.layers.position import Position
from adapters.layers.recovery import Entry, Reading, Verdict, judge, judge_cursor
from application.ports import LossReason, Recovery, Subscriber
from domain.identity import ConnectionId

log = logging.getLogger(__name__)


class Newcomer:
    """Somebody about to listen, who waits for a reading: what is given out meanwhile."""

    __slots__ = ("meanwhile",)

    def __init__(self) -> None:
        self.meanwhile: list[Entry] = []


class GroupFeed:
    """One group of a durable lane, as its listeners in this process hear it.

    Everything up to `seen` was given out; before the first reading that is unknown (None), and
    only the latest live message is kept in mind. A subscriber in `fences` was itself given
    everything up to that offset when it came, by a reading that was ahead of `seen`. After the
    group's last message nobody listens any more: `on_over` is called.
    """

    def __init__(
        self, group: str, listeners: Listeners, on_over: Callable[[], None] = lambda: None
    ) -> None:
        self.seen: Position | None = None
        self._group = group
        self._listeners = listeners
        self._on_over = on_over
        self._is_over = False
        self._latest: Position | None = None
        self._fences: dict[ConnectionId, int] = {}
        self._newcomers: list[Newcomer] = []

    def begin(self, reading: Reading) -> None:
        """Give out what comes after this reading, or after what was heard since it was made."""
        latest, end = self._latest, reading.end
        if latest and end.epoch in ("", latest.epoch) and latest.offset > end.offset:
            self.seen = latest
        else:
            self.seen, self._is_over = end, reading.is_over

    def hear(self, entry: Entry, *, is_last: bool = False) -> Position | None:
        """Take a live message; returns the place to read from if something before it is missing,
        or if the history began anew: then it isn't given out yet."""
        seen, position = self.seen, entry.position
        if seen is None:
            self._latest, self._is_over = position, is_last
            return None
        if seen.precedes(position):
            self._is_over = is_last
            self._give(entry)
            self._end_if_over()
            return None
        if position.epoch != seen.epoch or position.is_later(seen):
            return seen
        return None

    def catch_up(self, seen: Position, reading: Reading, *, is_complete: bool = False) -> None:
        """Give out what was read after `seen`, and tell everybody where that isn't all.

        `is_complete` says that it is all, though the history began anew.
        """
        whole = is_complete or not seen.epoch
        verdict = Verdict(reading.entries) if whole else judge(seen, reading)
        if verdict.reason is None:
            for entry in verdict.missed:
                self._give(entry)
        else:
            self._tell_loss(seen, reading, verdict.missed, verdict.reason)
        self.seen, self._is_over = reading.end, reading.is_over
        self._end_if_over()

    def _tell_loss(
        self, seen: Position, reading: Reading, missed: Sequence[Entry], reason: LossReason
    ) -> None:
        log.warning("history has a gap: %s", reason, extra={"group": self._group})
        if reading.end.epoch == seen.epoch:
            missed = [entry for entry in missed if entry.position.is_later(seen)]
        self._fences.clear()
        frames = [entry.frame for entry in missed]
        self._listeners.recover(self._group, Recovery(len(frames), reason), frames)

    # Newcomers.

    def expect(self) -> Newcomer:
        """Somebody is about to listen: from now on, nothing is lost on it while it waits."""
        newcomer = Newcomer()
        self._newcomers.append(newcomer)
        return newcomer

    def give_up(self, newcomer: Newcomer) -> None:
        """It won't come; one that came already changes nothing."""
        self._newcomers = [one for one in self._newcomers if one is not newcomer]

    def must_read_before(self, newcomer: Newcomer, reading: Reading) -> Position | None:
        """The place to read from before a newcomer can be admitted with a reading, if that is of
        another history than what was given out, or doesn't reach as far: one of the two has been
        overtaken. Then the newcomer needs another reading, too."""
        end, seen = self._continued(newcomer, reading).end, self.seen
        if seen is None or (end.epoch == seen.epoch and end.offset >= seen.offset):
            return None
        return seen

    def admit(
        self, newcomer: Newcomer, subscriber: Subscriber, since: str | None, reading: Reading
    ) -> Recovery | None:
        """Give a newcomer what it missed after the cursor `since`, or the newest of the reading
        without one, and let it listen. Nothing must be read before, see `must_read_before`."""
        self.give_up(newcomer)
        reading = self._continued(newcomer, reading)
        recovery = None
        if since is None:
            self.repeat(subscriber, reading)
        else:
            missed, reason = judge_cursor(since, self._group, reading)
            frames = [entry.frame for entry in missed]
            recovery = Recovery(len(frames), reason)
            subscriber.recover(recovery, frames)
        if not reading.is_over:
            self._listeners.add(self._group, subscriber)
            if self.seen is not None and reading.end.offset > self.seen.offset:
                self._fences[subscriber.connection_id] = reading.end.offset
        return recovery

    def _continued(self, newcomer: Newcomer, reading: Reading) -> Reading:
        """A reading with what was given out since it was made."""
        end = reading.end
        later = [
            entry
            for entry in newcomer.meanwhile
            if end.epoch in ("", entry.position.epoch) and entry.position.offset > end.offset
        ]
        if not later:
            return reading
        return reading._replace(
            end=later[-1].position,
            entries=[*reading.entries, *later],
            is_over=reading.is_over or self._is_over,
        )

    def listen(self, subscriber: Subscriber) -> None:
        """Let a subscriber hear what comes from now on."""
        if not self._is_over:
            self._listeners.add(self._group, subscriber)

    def repeat(self, subscriber: Subscriber, reading: Reading) -> None:
        """Deliver the newest of a reading once more."""
        for entry in reading.entries[-1:]:
            subscriber.deliver(entry.frame)

    def _give(self, entry: Entry) -> None:
        self.seen = entry.position
        for newcomer in self._newcomers:
            newcomer.meanwhile.append(entry)
        if not self._fences:
            exclude = () if entry.exclude is None else (entry.exclude,)
            self._listeners.give(self._group, entry.frame, exclude)
            return
        offset = entry.position.offset
        self._fences = {who: end for who, end in self._fences.items() if end >= offset}
        excluded = {*self._fences, entry.exclude} if entry.exclude else set(self._fences)
        self._listeners.give(self._group, entry.frame, excluded)

    def _end_if_over(self) -> None:
        if self._is_over:
            self._listeners.close(self._group)
            self._on_over()
