"""The real clock, ids that nobody can guess, and both together on what is published."""

import secrets
import time
from collections.abc import Mapping

from application.ports import Clock, Ids
from domain.identity import JobId


class SystemClock(Clock):
    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


class RandomIds(Ids):
    def job_id(self) -> JobId:
        return JobId(secrets.token_hex(16))


class MessageStamp:
    """The headers of one publication: an id of its own, and when it was accepted."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(self) -> Mapping[str, str]:
        return {"id": secrets.token_hex(16), "at": str(int(self._clock.now() * 1000))}
