"""What a reader missed, and why if that can't all be given: one verdict for every backend.

Pure: a backend reads its history and says what it found; nothing here waits or asks.
"""

from collections.abc import Sequence
from typing import NamedTuple

from adapters.layers.position import Position
from application.ports import BEGINNING, LossReason
from domain.identity import ConnectionId


class Entry(NamedTuple):
    """One message with its place in the group's order. `exclude` is not to hear it live."""

    position: Position
    frame: str
    exclude: ConnectionId | None = None


class Reading(NamedTuple):
    """A group's history as read at one moment.

    `entries`, oldest first, are all that is kept after the place from which was read; all that is
    kept if that place is of another epoch or lies beyond the `end`. What was stored before
    `oldest_ms` has expired. After a group's last message it `is_over`. `kept_from` is the time and
    offset of the oldest that is kept, where that is known.
    """

    end: Position
    oldest_ms: int
    entries: Sequence[Entry] = ()
    is_over: bool = False
    kept_from: tuple[int, int] = (0, 0)


class Verdict(NamedTuple):
    """`missed` is what can be given; with a `reason` that isn't all there was."""

    missed: Sequence[Entry]
    reason: LossReason | None = None


def judge_cursor(cursor: str, group: str, reading: Reading) -> Verdict:
    """What a client missed that comes back with a cursor; `reading` is from `place_of` on."""
    if cursor == BEGINNING:
        return Verdict(reading.entries)
    if Position.parse(cursor) is None:
        return Verdict(reading.entries, LossReason.INVALID)
    return judge(place_of(cursor, group), reading)


def place_of(cursor: str, group: str) -> Position | None:
    """The place that a cursor names in this group; None if it names none."""
    parsed = Position.parse(cursor)
    return parsed[1] if parsed is not None and parsed[0] == group else None


def judge(since: Position | None, reading: Reading) -> Verdict:
    """What a reader missed that has heard everything up to `since` (None: an unknown place).

    `reading` is from there on, or from before.
    """
    end, entries = reading.end, reading.entries
    if since is None or since.epoch != end.epoch or since.offset > end.offset:
        return Verdict(entries, LossReason.UNKNOWN_POSITION)
    missed = [entry for entry in entries if entry.position.is_later(since)]
    if missed and missed[0].position.offset <= since.offset:
        # The history lost its last messages, and gave their offsets to others.
        return Verdict(missed, LossReason.UNKNOWN_POSITION)
    if len(missed) == end.offset - since.offset:
        return Verdict(missed)
    has_expired = since.at_ms < reading.oldest_ms
    return Verdict(missed, LossReason.EXPIRED if has_expired else LossReason.TRIMMED)


def has_expired_in_silence(
    since: Position, reading: Reading, *, now_ms: int, remembered_ms: int
) -> bool:
    """Whether a history of another epoch than `since` has all there was after it nevertheless.

    A group in which nothing was said for `remembered_ms` is forgotten, place in its order
    included. What came after that is complete if its first message is still there.
    """
    if reading.end.epoch == since.epoch:
        return False
    forgotten_ms = since.at_ms + remembered_ms
    if reading.entries:
        first = reading.entries[0].position
        return first.offset == 1 and first.at_ms > forgotten_ms
    if reading.end.epoch:
        return not reading.end.offset and reading.end.at_ms > forgotten_ms
    return now_ms > forgotten_ms
