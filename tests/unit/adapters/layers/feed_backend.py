"""A history that a group's feed reads, who listens to it, and what is asked of it."""

from dataclasses import dataclass, field

from adapters.layers.group_feed import Newcomer
from adapters.layers.position import BEGINNING, Position
from adapters.layers.recovery import Entry, Reading
from domain.identity import ConnectionId
from tests.doubles import RecordingSubscriber, cursor_of

GROUP = "g"
CAPACITY = 4
PASSING = '{"passing":1}'


class Backend:
    """A history that keeps the last few of what was said. A frame is the number of its saying."""

    def __init__(self) -> None:
        self.said: list[Entry] = []
        self.known: list[Entry] = []
        """What was said in this epoch, without what was lost of its end."""
        self.epoch = 1
        self.is_over = False
        self.capacity: int | None = CAPACITY
        self.beginning = BEGINNING

    @property
    def end(self) -> Position:
        return self.known[-1].position if self.known else self.beginning

    def say(self, *, last: bool = False, exclude: str | None = None) -> Entry:
        number = len(self.said)
        position = Position(f"{self.epoch:012x}", 2 * number + 1, len(self.known) + 1)
        entry = Entry(position, f"{number}", None if exclude is None else ConnectionId(exclude))
        self.said.append(entry)
        self.known.append(entry)
        self.is_over = last
        return entry

    def tell(self, exclude: str | None = None) -> Entry:
        """One that is passing, which begins the history if nothing was said yet."""
        if not self.end.epoch:
            self.beginning = Position(f"{self.epoch:012x}", 2 * len(self.said) + 1, 0)
        return Entry(self.end, PASSING, None if exclude is None else ConnectionId(exclude))

    def lose_everything(self) -> None:
        self.epoch += 1
        self.known = []
        self.beginning = BEGINNING
        self.is_over = False
        self.capacity = CAPACITY

    def lose_the_end(self, count: int) -> None:
        """It comes back as it was before the last few were said.

        That this offset was given to another is known by that other alone: it must be kept.
        """
        self.capacity = None
        for lost in self.known[1:][-count:]:
            self.known.remove(lost)
            self.is_over = False

    def read(self, after: Position | None = None, *, newest: int | None = None) -> Reading:
        kept = self.known[-(self.capacity or len(self.known)) :]
        if newest is not None:
            kept = kept[-newest:] if newest else []
        elif after and after.epoch == self.end.epoch and after.offset <= self.end.offset:
            kept = [entry for entry in kept if entry.position.is_later(after)]
        return Reading(self.end, 0, kept, is_over=self.is_over)


class Listener(RecordingSubscriber):
    """What it was given; `begins` is the first that it should be, None for whatever is newest."""

    def __init__(self, name: str, begins: int | None) -> None:
        super().__init__(name)
        self.begins = begins
        self.passed: list[tuple[Position | None, int]] = []
        """The cursor of each passing frame, and how many others were given before it."""

    def deliver(self, frame: str) -> None:
        if not frame.startswith(PASSING[:-1]):
            super().deliver(frame)
            return
        parsed = None if frame == PASSING else Position.parse(cursor_of(frame))
        self.passed.append((parsed and parsed[1], len(self.frames)))

    @property
    def numbers(self) -> list[int]:
        return [int(frame) for frame in self.frames]

    @property
    def was_told_of_a_loss(self) -> bool:
        return any(recovery.reason for recovery in self.recoveries)

    def check_given_up_to(self, cursor: Position, given: set[int], known: list[Entry]) -> None:
        """Of what is `known` and due to it, all up to the cursor is `given`, and no more."""
        begins = min(given, default=None) if self.begins is None else self.begins
        for entry in known:
            if entry.position.epoch != cursor.epoch:
                continue
            number = int(entry.frame)
            if entry.position.is_later(cursor):
                assert number not in given, (cursor, self.frames)
            elif begins is not None and number >= begins:
                is_due = entry.exclude != self.connection_id
                assert number in given or not is_due, (cursor, self.frames)

    def check_nothing_is_missing(self, until: int, known: list[Entry]) -> None:
        begins = self.numbers[0] if self.begins is None else self.begins
        due = {
            int(entry.frame)
            for entry in known
            if begins <= int(entry.frame) <= until and entry.exclude != self.connection_id
        }
        assert due <= set(self.numbers), self.frames


@dataclass
class Asked:
    """A question to the backend: made at once, or as late as the answer is needed."""

    after: Position | None
    newest: int | None = None
    reading: Reading | None = None

    def answer(self, backend: Backend) -> Reading:
        return self.reading or backend.read(self.after, newest=self.newest)


@dataclass
class Waiting:
    listener: Listener
    since: str | None
    newcomer: Newcomer
    asked: Asked
    is_late: bool = field(kw_only=True)
