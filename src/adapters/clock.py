"""The real clock, and ids that nobody can guess."""

import secrets
import time

from application.ports import Clock, Ids
from domain.identity import JobId


class SystemClock(Clock):
    def now(self) -> float:
        return time.time()


class RandomIds(Ids):
    def job_id(self) -> JobId:
        return JobId(secrets.token_hex(16))
