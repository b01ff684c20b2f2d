"""How a contract lets time pass, whatever clock its implementation goes by."""

from typing import Protocol


class PassingTime(Protocol):
    """The fixture `clock`. `ManualClock` moves; where a server has its own clock, it is waited for.

    So contracts keep their periods at about a second.
    """

    async def advance(self, seconds: float) -> None:
        """Return when everybody concerned finds it that much later."""
