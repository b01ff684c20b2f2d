"""Frames as tests compare them: what is another each time is held against its form instead."""

import re
from typing import Any

ID = re.compile("[0-9a-f]{32}")


class Like:
    """Equals each text of a form."""

    def __init__(self, form: str) -> None:
        self._form = form

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and re.fullmatch(self._form, other) is not None

    __hash__ = None  # type: ignore[assignment]  # what equals many has no hash

    def __repr__(self) -> str:
        return f"Like({self._form!r})"


SOMEONE = {"id": Like("~[0-9a-f]{32}"), "name": "Someone"}
"""A visitor without a name, as the payloads have it."""


def content(frame: dict[str, Any]) -> dict[str, Any]:
    """What an audience was told, less what is another each time: its id, its time, its cursor."""
    assert ID.fullmatch(frame["id"])
    assert type(frame["at"]) is int
    given = ("id", "at", "seq", "cursor")
    return {name: value for name, value in frame.items() if name not in given}
