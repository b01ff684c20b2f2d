"""How far one process has given out a group's messages, and to whom: without gap or repeat.

A state machine without I/O. A backend feeds it live messages and readings of its history, and is
told when something has to be read.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

from adapters.layers.listeners import Listeners
from adapters.layers.position import BEGINNING, Position, stamped
from adapters.layers.recovery import Entry, Reading, Verdict, judge, judge_cursor
from application.ports import BEGINNING as FROM_THE_BEGINNING
from application.ports import Cursor, Recovery, Subscriber
from domain.identity import ConnectionId

log = logging.getLogger(__name__)


class Newcomer:
    """Somebody about to listen, who waits for a reading.

    `meanwhile` is what was given out since. It `is_overtaken` once something else has to be read
    for everybody: then it needs a new reading after that.
    """

    __slots__ = ("is_overtaken", "meanwhile")

    def __init__(self) -> None:
        self.meanwhile: list[Entry] = []
        self.is_overtaken = False


class GroupFeed:
    """One group of a durable lane, as its listeners in this process hear it.

    Everything up to `seen` was given out; before the first reading that is unknown (None), and
    only the latest live message is kept in mind. Live messages come one after the other. Where
    one is missing, or the connection was lost, the backend reads from `seen` on and catches up;
    until then nobody is admitted, and no live message is given out.

    A newcomer's reading may be behind `seen`: it goes on with what was given out meanwhile. It may
    be ahead: then a fence, the place up to which it was given everything, keeps from the newcomer
    what it has until `seen` has come that far. A fence of another epoch than `seen` is of a history
    that this process has yet to hear of.

    After the group's last message nobody listens any more: `on_over` is called.
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
        self._fences: dict[ConnectionId, Position] = {}
        self._newcomers: list[Newcomer] = []

    def begin(self, reading: Reading) -> None:
        """Give out what comes after this reading, or after what was heard since it was made."""
        latest, end = self._latest, reading.end
        if latest and end.epoch in ("", latest.epoch) and latest.offset > end.offset:
            self.seen = latest
        else:
            self.seen, self._is_over = end, reading.is_over

    def hear(self, entry: Entry, *, is_last: bool = False) -> Position | None:
        """Take a live message. It isn't given out, and the place to read from is returned, if
        something before it is missing or the history began anew."""
        seen, position = self.seen, entry.position
        if seen is None:
            self._latest, self._is_over = position, is_last
            return None
        if seen.precedes(position) and (seen.epoch or self._all_fences_are_of(position.epoch)):
            self._is_over = is_last
            self._give(entry)
            self._end_if_over()
            return None
        if position.epoch != seen.epoch or position.is_later(seen):
            return self.resume()
        return None

    def hear_passing(self, passing: Entry) -> Position | None:
        """Take a live message that history doesn't keep; its position is the end of the history.
        As `hear`, but what isn't given out is to be given to `tell` after catching up."""
        seen, end = self.seen, passing.position
        if seen is None:
            return None
        if not end.offset and seen.is_before(end) and self._all_fences_are_of(end.epoch):
            self.seen = end
        elif end.is_unheard(seen):
            return self.resume()
        self.tell(passing)
        return None

    def tell(self, passing: Entry) -> None:
        """Give out one that history doesn't keep, with the cursor up to which everybody here has
        been given everything. Whoever was given more came after it was said."""
        seen = self.seen or BEGINNING
        ahead = (who for who, fence in self._fences.items() if fence.is_unheard(seen))
        frame = stamped(passing.frame, seen.cursor(self._group)) if seen.epoch else passing.frame
        self._listeners.give(self._group, frame, (*_excluded(passing), *ahead))

    def resume(self) -> Position | None:
        """Live messages may be missing; returns the place to read from, if it has begun."""
        for newcomer in self._newcomers:
            newcomer.is_overtaken = True
        return self.seen

    def catch_up(self, reading: Reading, *, is_complete: bool = False) -> None:
        """Give out what was read after `seen`, and tell everybody for whom that isn't all.

        `is_complete` says that it is all, though the history began anew.
        """
        seen = self.seen or reading.end
        fenced, self._fences = self._fences, {}
        for who, fence in fenced.items():
            if subscriber := self._listeners.find(self._group, who):
                _catch_up_alone(subscriber, fence, reading)
        if is_complete or (not seen.epoch and len(reading.entries) == reading.end.offset):
            missed, reason = Verdict(reading.entries)
        else:
            missed, reason = judge(seen, reading)
        if reason is None:
            for entry in missed:
                self._listeners.give(self._group, entry.frame, {*fenced, *_excluded(entry)})
        else:
            log.warning("history has a gap: %s", reason, extra={"group": self._group})
            frames = [entry.frame for entry in missed if entry.position.is_unheard(seen)]
            self._listeners.recover(self._group, Recovery(len(frames), reason), frames, fenced)
        self.seen, self._is_over = reading.end, reading.is_over
        if not reading.end.epoch:
            # Nothing that comes late must be taken for the beginning of a new history.
            given = max(place.at_ms for place in (seen, *fenced.values()))
            self.seen = replace(reading.end, at_ms=given)
        self._end_if_over()

    # Newcomers.

    def expect(self) -> Newcomer:
        """Somebody is about to listen: from now on, nothing is lost on it while it waits."""
        newcomer = Newcomer()
        self._newcomers.append(newcomer)
        return newcomer

    def give_up(self, newcomer: Newcomer) -> None:
        """It won't come; one that came already changes nothing."""
        self._newcomers = [one for one in self._newcomers if one is not newcomer]

    def admit(
        self, newcomer: Newcomer, subscriber: Subscriber, since: str | None, reading: Reading
    ) -> Recovery | None:
        """Give a newcomer what it missed after the cursor `since`, or the newest of the reading
        without one, and let it listen. It must not be overtaken."""
        self.give_up(newcomer)
        reading = self._continued(newcomer, reading)
        recovery = None
        if since is None:
            self.repeat(subscriber, reading)
        else:
            missed, reason = judge_cursor(since, self._group, reading)
            frames = [entry.frame for entry in missed]
            before = _cursor_of(missed[0].position.before, self._group) if missed else None
            recovery = Recovery(len(frames), reason, before)
            subscriber.recover(recovery, frames)
        end = reading.end
        subscriber.begin_at(_cursor_of(end, self._group))
        if not reading.is_over:
            self._listeners.add(self._group, subscriber)
            if end.epoch and self.seen is not None and end.is_unheard(self.seen):
                self._fences[subscriber.connection_id] = end
        return recovery

    def _continued(self, newcomer: Newcomer, reading: Reading) -> Reading:
        """A reading with what was given out since it was made."""
        end = reading.end
        later = [
            entry
            for entry in newcomer.meanwhile
            if end.epoch in ("", entry.position.epoch) and entry.position.is_later(end)
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
        subscriber.begin_at(_cursor_of(self.seen or BEGINNING, self._group))
        if not self._is_over:
            self._listeners.add(self._group, subscriber)

    def repeat(self, subscriber: Subscriber, reading: Reading) -> None:
        """Deliver the newest of a reading once more."""
        for entry in reading.entries[-1:]:
            subscriber.deliver(entry.frame)

    def _give(self, entry: Entry) -> None:
        self.seen = position = entry.position
        for newcomer in self._newcomers:
            newcomer.meanwhile.append(entry)
        exclude = _excluded(entry)
        if self._fences:
            self._fences = {
                who: fence
                for who, fence in self._fences.items()
                if fence.epoch != position.epoch or not position.is_later(fence)
            }
            exclude = (*exclude, *self._fences)
        self._listeners.give(self._group, entry.frame, exclude)

    def _all_fences_are_of(self, epoch: str) -> bool:
        return all(fence.epoch == epoch for fence in self._fences.values())

    def _end_if_over(self) -> None:
        if self._is_over:
            self._listeners.close(self._group)
            self._on_over()


def _cursor_of(place: Position, group: str) -> Cursor:
    """The way back to a place; where nothing was said yet, that is the beginning."""
    return Cursor(place.cursor(group)) if place.epoch else FROM_THE_BEGINNING


def _excluded(entry: Entry) -> tuple[ConnectionId, ...]:
    return () if entry.exclude is None else (entry.exclude,)


def _catch_up_alone(subscriber: Subscriber, heard: Position, reading: Reading) -> None:
    missed, reason = judge(heard, reading)
    unheard = [entry for entry in missed if entry.position.is_unheard(heard)]
    if reason is not None:
        subscriber.recover(Recovery(len(unheard), reason), [entry.frame for entry in unheard])
        return
    for entry in unheard:
        if entry.exclude != subscriber.connection_id:
            subscriber.deliver(entry.frame)
