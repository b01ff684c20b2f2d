"""Why a session is ended, and what its client is advised to do."""

import logging

import pytest

from adapters.sessions.disconnects import PathIsUnknown, for_error
from application.errors import QueueIsFull, Unavailable
from domain.errors import EventIsImpossible, RoomIsFull, RoomNameIsImpossible


@pytest.mark.parametrize(
    ("error", "code", "reconnect", "after"),
    [
        (RoomNameIsImpossible("no"), 4400, False, None),
        (PathIsUnknown("no"), 4400, False, None),
        (EventIsImpossible("no"), 4400, False, None),
        (RoomIsFull("no"), 1013, True, 5),
        (QueueIsFull("no"), 1013, True, 5),
    ],
)
def test_what_opening_raised_is_told_as_what_it_is(
    error: Exception, code: int, reconnect: bool, after: float | None
) -> None:
    told = for_error(error)
    assert (told.code, told.reason, told.reconnect, told.after) == (code, "no", reconnect, after)


def test_a_backend_that_is_away_is_told_as_such() -> None:
    assert for_error(Unavailable()).reason == "The service can't reach its backend."


def test_what_nobody_expected_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    told = for_error(RuntimeError("secret"))
    assert (told.code, told.reconnect) == (1013, True)
    assert "secret" not in told.reason
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
