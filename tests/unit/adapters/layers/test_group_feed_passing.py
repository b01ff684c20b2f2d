"""Notices of who comes and goes in a group's feed: heard live, with the place that all are at."""

import pytest

from adapters.layers.group_feed import GroupFeed
from adapters.layers.listeners import Listeners
from adapters.layers.position import BEGINNING, stamped
from adapters.layers.recovery import Entry
from tests.doubles import RecordingSubscriber
from tests.unit.adapters.layers.feed_backend import GROUP, PASSING, Backend


def told_at(entry: Entry) -> str:
    return stamped(PASSING, entry.position.cursor(GROUP))


class Room:
    """A feed that has begun where nothing was said yet, and one who listens."""

    def __init__(self) -> None:
        self.backend = Backend()
        self.feed = GroupFeed(GROUP, Listeners())
        self.feed.begin(self.backend.read(newest=0))
        self.bob = RecordingSubscriber("bob")
        self.feed.listen(self.bob)

    def come_back(self, since: Entry) -> RecordingSubscriber:
        """Somebody whose reading may be ahead of the feed."""
        ada = RecordingSubscriber("ada")
        reading = self.backend.read(since.position)
        self.feed.admit(self.feed.expect(), ada, since.position.cursor(GROUP), reading)
        return ada


@pytest.fixture
def room() -> Room:
    return Room()


def test_before_the_first_reading_a_notice_is_passed_over() -> None:
    feed = GroupFeed(GROUP, Listeners())
    assert feed.hear_passing(Backend().tell()) is None
    assert feed.seen is None


def test_a_notice_begins_a_history_and_carries_its_place(room: Room) -> None:
    notice = room.backend.tell()
    assert room.feed.hear_passing(notice) is None
    assert room.feed.seen == notice.position
    assert room.bob.frames == [told_at(notice)]


def test_whoever_is_excluded_does_not_hear_a_notice(room: Room) -> None:
    room.feed.hear_passing(room.backend.tell(exclude="bob"))
    assert room.bob.frames == []


def test_a_notice_after_a_first_message_that_was_lost_shows_the_gap(room: Room) -> None:
    room.backend.say()
    assert room.feed.hear_passing(room.backend.tell()) == BEGINNING
    assert room.bob.frames == []


def test_a_notice_that_begins_another_history_shows_the_loss(room: Room) -> None:
    first = room.backend.say()
    room.feed.hear(first)
    room.backend.lose_everything()
    assert room.feed.hear_passing(room.backend.tell()) == first.position


def test_a_notice_that_begins_a_history_shows_the_loss_of_one_that_a_newcomer_has_read(
    room: Room,
) -> None:
    room.come_back(room.backend.say())
    room.backend.lose_everything()
    assert room.feed.hear_passing(room.backend.tell()) == BEGINNING


def test_whoever_has_read_more_hears_no_notice_from_before_that_but_those_after(
    room: Room,
) -> None:
    first = room.backend.say()
    room.feed.hear(first)
    before = room.backend.tell()
    second = room.backend.say()
    ada = room.come_back(first)
    room.feed.hear_passing(before)
    assert ada.frames == ["1"]

    room.feed.hear(second)
    room.feed.hear_passing(room.backend.tell())
    assert ada.frames == ["1", told_at(second)]
    assert room.bob.frames == ["0", told_at(first), "1", told_at(second)]


def test_a_notice_held_back_by_a_loss_of_everything_carries_no_place(room: Room) -> None:
    first = room.backend.say()
    room.feed.hear(first)
    room.backend.say()
    notice = room.backend.tell()
    assert room.feed.hear_passing(notice) == first.position
    room.backend.lose_everything()
    room.feed.catch_up(room.backend.read(first.position))
    room.feed.tell(notice)
    assert room.bob.frames == ["0", PASSING]
