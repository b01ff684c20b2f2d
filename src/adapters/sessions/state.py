"""The states of a session, and the one table of what may happen in each."""

from collections.abc import Mapping
from enum import Enum


class State(Enum):
    """What may be asked of a session in each state, and what becomes of it:

    | asked for               | OPENING | OPEN             | LEAVING        | ENDED |
    |-------------------------|---------|------------------|----------------|-------|
    | `send`, `deliver`, …    | kept    | written, or kept | dropped        | dropped |
    | a frame of the client   | waits   | handled          | dropped        | –     |
    | `begin`                 | OPEN    | –                | writes the end | –     |
    | `disconnect`, too slow  | LEAVING | LEAVING          | nothing        | nothing |
    | a write fails           | –       | LEAVING, aborted | aborted        | –     |
    | `end`                   | ENDED   | ENDED            | ENDED          | nothing |
    """

    OPENING = "opening"
    """The handshake isn't over: nothing can be written yet."""
    OPEN = "open"
    LEAVING = "leaving"
    """Its last frames, the reason and the close are on their way, for a bounded time."""
    ENDED = "ended"


NEXT: Mapping[State, frozenset[State]] = {
    State.OPENING: frozenset({State.OPEN, State.LEAVING, State.ENDED}),
    State.OPEN: frozenset({State.LEAVING, State.ENDED}),
    State.LEAVING: frozenset({State.ENDED}),
    State.ENDED: frozenset(),
}
"""Which state may follow which."""

TAKING = frozenset({State.OPENING, State.OPEN})
"""The states in which what is to be written is taken."""
