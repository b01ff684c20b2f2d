"""Cursors: where in a group's history a frame stands, as an opaque string on the wire."""

import re
from dataclasses import dataclass, replace
from typing import Self

_FORM = re.compile(
    r"(?P<group>[A-Za-z0-9._-]{1,800})"
    r"~(?P<epoch>[0-9a-f]{12})-(?P<at>[0-9a-f]{1,12})-(?P<offset>[0-9a-f]{1,12})"
)


@dataclass(frozen=True, slots=True)
class Position:
    """A place in one group's history.

    `epoch` is drawn anew whenever the history begins anew, and empty where there is none yet;
    `at_ms` is when the message was stored, in milliseconds since 1970, never falling; `offset`
    counts from 1 without gap, and is 0 where somebody came or went before anything was said.
    """

    epoch: str
    at_ms: int
    offset: int

    def cursor(self, group: str) -> str:
        """Led by the group, so that one socket may carry the cursors of several."""
        return f"{group}~{self.epoch}-{self.at_ms:x}-{self.offset:x}"

    @classmethod
    def parse(cls, cursor: str) -> tuple[str, Self] | None:
        """The group and the place in it; None for what no lane ever gave out."""
        match = _FORM.fullmatch(cursor)
        if match is None:
            return None
        position = cls(match["epoch"], int(match["at"], 16), int(match["offset"], 16))
        return match["group"], position

    @property
    def before(self) -> "Position":
        """A place after which comes this one."""
        return replace(self, offset=self.offset - 1)

    def is_later(self, than: "Position") -> bool:
        """Within one epoch. Offsets alone don't tell: Redis may come back without its last
        messages (a replica that was behind, a file not yet written), and gives their offsets to
        others."""
        return (self.at_ms, self.offset) > (than.at_ms, than.offset)

    def is_unheard(self, heard: "Position") -> bool:
        """Whether somebody who has heard everything up to `heard` has not heard this."""
        return self.epoch != heard.epoch or self.is_later(heard)

    def precedes(self, next_one: "Position") -> bool:
        """Whether `next_one` is the very next place, so that nothing lies between."""
        is_of_same = next_one.epoch == self.epoch or self.is_before(next_one)
        return next_one.offset == self.offset + 1 and is_of_same

    def is_before(self, history: "Position") -> bool:
        """Whether this is where nothing was said yet, and `history` began after that."""
        return not self.epoch and history.at_ms > self.at_ms


BEGINNING = Position("", 0, 0)
"""The end of a history in which nothing was said yet."""


def stamped(body: str, cursor: str) -> str:
    """An encoded frame with a cursor, which stands last; `body` is a JSON object with at least one
    member."""
    return f'{body[:-1]},"cursor":"{cursor}"}}'


def placed(body: str, position: Position, group: str) -> str:
    """An encoded frame with its place in its group's history: its number and its cursor."""
    return f'{body[:-1]},"seq":{position.offset},"cursor":"{position.cursor(group)}"}}'
