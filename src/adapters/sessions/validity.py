"""For how long a session is believed."""

from dataclasses import dataclass
from enum import Enum

from adapters.sessions.disconnects import Disconnect

NOTICE_SECONDS = 60.0
"""So long before its token expires a client is told: time enough to fetch a new one."""


class Moment(Enum):
    FINE = "fine"
    NOTICE = "notice"
    OVER = "over"


@dataclass(slots=True)
class Validity:
    """`until` then, and for `grace` seconds more; times are the loop's. With a `notice` the
    client is told once, `NOTICE_SECONDS` before. `end` is why it ends after that."""

    until: float
    end: Disconnect
    grace: float = 0.0
    notice: bool = False

    def at(self, now: float) -> Moment:
        """Where `now` lies. Says `NOTICE` once."""
        if now > self.until + self.grace:
            return Moment.OVER
        if self.notice and now > self.until - NOTICE_SECONDS:
            self.notice = False
            return Moment.NOTICE
        return Moment.FINE
