"""A history that a group's feed reads, who listens to it, and what is asked of it."""

from dataclasses import dataclass, field

from adapters.layers.group_feed import Newcomer
from adapters.layers.position import BEGINNING, Position
from adapters.layers.recovery import Entry, Reading
from domain.identity import ConnectionId
from tests.doubles import RecordingSubscriber

GROUP = "g"
CAPACITY = 4


class Backend:
    """A history that keeps the last few of what was said. A frame is the number of its saying."""

    def __init__(self) -> None:
        self.said: list[Entry] = []
        self.known: list[Entry] = []
        """What was said in this epoch, without what was lost of its end."""
        self.epoch = 1
        self.is_over = False
        self.capacity: int | None = CAPACITY

    @property
    def end(self) -> Position:
        return self.known[-1].position if self.known else BEGINNING

    def say(self, *, last: bool = False, exclude: str | None = None) -> Entry:
        number = len(self.said)
        position = Position(f"{self.epoch:012x}", number + 1, len(self.known) + 1)
        entry = Entry(position, f"{number}", None if exclude is None else ConnectionId(exclude))
        self.said.append(entry)
        self.known.append(entry)
        self.is_over = last
        return entry

    def lose_everything(self) -> None:
        self.epoch += 1
        self.known = []
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

    @property
    def numbers(self) -> list[int]:
        return [int(frame) for frame in self.frames]

    @property
    def was_told_of_a_loss(self) -> bool:
        return any(recovery.reason for recovery in self.recoveries)


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
