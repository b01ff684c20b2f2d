"""A client's view of a job's output: how the frames of `job_output` are put together."""

from collections.abc import Mapping
from typing import Any


class OutputView:
    """`taken` is how many characters of output came in all."""

    def __init__(self) -> None:
        self.text = ""
        self.taken = 0
        self._attempt = 0

    def take(self, payload: Mapping[str, Any]) -> bool:
        """Take the payload of a `job_output`; false if something before it is missing."""
        at, more = payload["at"], payload.get("append", payload.get("text"))
        self.taken += len(more)
        if payload["attempt"] < self._attempt:
            return True
        if at > len(self.text):
            return False
        self._attempt = payload["attempt"]
        self.text = self.text[:at] + more
        return True
