"""The one verdict on what a reader missed, against a history that is written down whole."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.layers.position import BEGINNING, Position
from adapters.layers.recovery import (
    Entry,
    Reading,
    has_expired_in_silence,
    judge,
    judge_cursor,
    place_of,
)
from application.ports import LossReason

EPOCH, OTHER = "a" * 12, "b" * 12


def position(offset: int, *, epoch: str = EPOCH) -> Position:
    """The message `offset` was stored at ten times as many milliseconds."""
    return Position(epoch, offset * 10, offset)


def entries(first: int, last: int) -> list[Entry]:
    return [Entry(position(offset), f"frame {offset}") for offset in range(first, last + 1)]


def reading(since: Position, *, kept_from: int, end: int, oldest_ms: int = 0) -> Reading:
    """What a backend finds for a reader at `since` of a history of `end` messages."""
    kept = entries(kept_from, end)
    if since.epoch == EPOCH and since.offset <= end:
        kept = [entry for entry in kept if entry.position.is_later(since)]
    return Reading(position(end), oldest_ms, kept)


@given(st.data())
def test_a_reader_is_given_what_it_missed_or_told_why_not(data: st.DataObject) -> None:
    end = data.draw(st.integers(1, 30), "end")
    kept_from = data.draw(st.integers(1, end + 1), "kept from")
    heard = data.draw(st.integers(0, 35), "heard")
    epoch = data.draw(st.sampled_from([EPOCH, OTHER]), "epoch")
    oldest_ms = data.draw(st.integers(0, 350), "oldest")
    since = position(heard, epoch=epoch)

    missed, reason = judge(since, reading(since, kept_from=kept_from, end=end, oldest_ms=oldest_ms))

    offsets = [entry.position.offset for entry in missed]
    kept = list(range(kept_from, end + 1))
    if epoch == OTHER or heard > end:
        assert (reason, offsets) == (LossReason.UNKNOWN_POSITION, kept)
    elif heard + 1 >= kept_from:
        assert (reason, offsets) == (None, list(range(heard + 1, end + 1)))
    else:
        expected = LossReason.EXPIRED if since.at_ms < oldest_ms else LossReason.TRIMMED
        assert (reason, offsets) == (expected, kept)


def test_an_unknown_place_is_given_all_there_is() -> None:
    missed, reason = judge(None, Reading(position(3), 0, entries(2, 3)))
    assert (list(missed), reason) == (entries(2, 3), LossReason.UNKNOWN_POSITION)


def test_offsets_that_were_given_to_others_make_the_place_unknown() -> None:
    # The reader heard a message 3 that the history has lost, and given its offset anew, later.
    since = replace(position(3), at_ms=25)
    found = Reading(position(4), 0, entries(3, 4))
    assert judge(since, found) == (entries(3, 4), LossReason.UNKNOWN_POSITION)


def test_a_place_with_an_edited_time_is_not_believed_to_be_complete() -> None:
    since = replace(position(2), at_ms=35)
    missed, reason = judge(since, reading(since, kept_from=1, end=5))
    assert reason is LossReason.TRIMMED
    assert list(missed) == entries(4, 5)


@pytest.mark.parametrize("cursor", ["", "nonsense", "g~xyz-1-1", "g~aaaaaaaaaaaa-1"])
def test_what_is_no_cursor_is_invalid_and_given_what_is_left(cursor: str) -> None:
    missed, reason = judge_cursor(cursor, "g", Reading(position(2), 0, entries(1, 2)))
    assert (list(missed), reason) == (entries(1, 2), LossReason.INVALID)


def test_a_cursor_of_another_group_names_no_place_here() -> None:
    cursor = position(1).cursor("other")
    assert place_of(cursor, "g") is None
    _, reason = judge_cursor(cursor, "g", Reading(position(2), 0, entries(1, 2)))
    assert reason is LossReason.UNKNOWN_POSITION
    assert place_of(position(1).cursor("g"), "g") == position(1)


@pytest.mark.parametrize(
    ("since", "found", "now_ms", "is_complete"),
    [
        (position(3), Reading(position(3), 0), 10_000, False),
        (position(3), Reading(BEGINNING, 0), 131, True),
        (position(3), Reading(BEGINNING, 0), 130, False),
        (
            position(3),
            Reading(Position(OTHER, 140, 1), 0, [Entry(Position(OTHER, 140, 1), "x")]),
            150,
            True,
        ),
        (
            position(3),
            Reading(Position(OTHER, 120, 1), 0, [Entry(Position(OTHER, 120, 1), "x")]),
            150,
            False,
        ),
        (
            position(3),
            Reading(Position(OTHER, 140, 2), 0, [Entry(Position(OTHER, 140, 2), "x")]),
            150,
            False,
        ),
        # Began anew with a notice, which takes no place in it.
        (position(3), Reading(Position(OTHER, 140, 0), 0), 150, True),
        (position(3), Reading(Position(OTHER, 130, 0), 0), 150, False),
        (position(3), Reading(Position(OTHER, 140, 2), 0), 150, False),
    ],
    ids=[
        "known",
        "forgotten",
        "too-soon",
        "began-anew",
        "emptied",
        "first-one-gone",
        "notice",
        "notice-too-soon",
        "notice-after-all-that-is-gone",
    ],
)
def test_a_group_forgotten_in_silence_has_lost_nothing(
    since: Position, found: Reading, now_ms: int, is_complete: bool
) -> None:
    assert has_expired_in_silence(since, found, now_ms=now_ms, remembered_ms=100) is is_complete
