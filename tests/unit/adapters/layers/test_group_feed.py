"""A group's feed without a backend: the cases that are worth a name."""

import pytest

from adapters.layers.group_feed import GroupFeed
from adapters.layers.listeners import Listeners
from adapters.layers.position import BEGINNING, Position
from adapters.layers.recovery import Entry, Reading
from application.ports import LossReason, Recovery
from domain.identity import ConnectionId
from tests.doubles import RecordingSubscriber
from tests.unit.adapters.layers.feed_backend import CAPACITY, GROUP, Backend


@pytest.fixture
def backend() -> Backend:
    return Backend()


def feed_of(backend: Backend) -> tuple[GroupFeed, Listeners]:
    listeners = Listeners()
    feed = GroupFeed(GROUP, listeners)
    feed.begin(backend.read(newest=0))
    return feed, listeners


def test_a_message_heard_before_the_first_reading_is_where_it_goes_on(backend: Backend) -> None:
    listeners = Listeners()
    feed = GroupFeed(GROUP, listeners)
    early = backend.read(newest=0)
    assert feed.hear(backend.say()) is None
    feed.begin(early)
    assert feed.seen == backend.end


@pytest.mark.parametrize("is_live_ahead", [True, False], ids=["live", "reading"])
def test_what_was_heard_before_the_first_reading_counts_only_if_it_is_ahead(
    backend: Backend, is_live_ahead: bool
) -> None:
    feed = GroupFeed(GROUP, Listeners())
    first, early, second = backend.say(), backend.read(newest=0), backend.say()
    feed.hear(second if is_live_ahead else first)
    feed.begin(early if is_live_ahead else backend.read(newest=0))
    assert feed.seen == backend.end


def test_what_was_heard_of_another_history_before_the_first_reading_does_not_count(
    backend: Backend,
) -> None:
    feed = GroupFeed(GROUP, Listeners())
    backend.say()
    feed.hear(backend.say())
    backend.lose_everything()
    backend.say()
    feed.begin(backend.read(newest=0))
    assert feed.seen == backend.end


@pytest.mark.parametrize("is_heard", [True, False], ids=["heard", "read"])
def test_nobody_listens_to_a_group_that_was_over_before_it_began(
    backend: Backend, is_heard: bool
) -> None:
    listeners = Listeners()
    feed = GroupFeed(GROUP, listeners)
    early = backend.read(newest=0)
    last = backend.say(last=True)
    if is_heard:
        feed.hear(last, is_last=True)
    feed.begin(early if is_heard else backend.read(newest=0))
    feed.listen(RecordingSubscriber("ada"))
    assert GROUP not in listeners


def test_what_comes_twice_is_heard_once_and_nothing_is_missing(backend: Backend) -> None:
    feed, _ = feed_of(backend)
    ada = RecordingSubscriber("ada")
    feed.listen(ada)
    first = backend.say()
    assert feed.hear(first) is None
    assert feed.hear(first) is None
    assert ada.frames == ["0"]


def test_another_history_is_noticed_also_where_a_clock_was_set_back(backend: Backend) -> None:
    feed, _ = feed_of(backend)
    first = backend.say()
    feed.hear(first)
    other = Position("00000000000f", first.position.at_ms - 1, 1)
    assert feed.hear(first._replace(position=other)) == first.position


def test_what_a_fence_holds_back_was_in_the_reading(backend: Backend) -> None:
    feed, _ = feed_of(backend)
    ada = RecordingSubscriber("ada")
    first, second = backend.say(), backend.say()
    newcomer = feed.expect()
    feed.admit(newcomer, ada, "g~000000000001-1-1", backend.read(first.position))
    assert ada.frames == ["1"]
    assert feed.hear(first) is None
    assert feed.hear(second) is None
    assert feed.hear(backend.say()) is None
    assert ada.frames == ["1", "2"]


def test_a_gap_says_where_to_read_from_and_nothing_is_given_out_before(backend: Backend) -> None:
    feed, _ = feed_of(backend)
    ada = RecordingSubscriber("ada")
    feed.listen(ada)
    feed.hear(backend.say())
    missed = backend.say()
    assert feed.hear(backend.say()) == backend.said[0].position
    assert ada.frames == ["0"]
    feed.catch_up(backend.read(backend.said[0].position))
    assert ada.frames == ["0", missed.frame, "2"]


def test_whoever_is_excluded_does_not_hear_it(backend: Backend) -> None:
    feed, _ = feed_of(backend)
    ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
    feed.listen(ada)
    feed.listen(bob)
    feed.hear(backend.say()._replace(exclude=ConnectionId("ada")))
    assert (ada.frames, bob.frames) == ([], ["0"])


def test_a_history_that_was_lost_is_told_to_all(backend: Backend) -> None:
    feed, _ = feed_of(backend)
    ada = RecordingSubscriber("ada")
    feed.listen(ada)
    feed.hear(backend.say())
    backend.lose_everything()
    place = feed.hear(backend.say())
    assert place == backend.said[0].position
    feed.catch_up(backend.read(place))
    assert ada.recoveries == [Recovery(1, LossReason.UNKNOWN_POSITION)]
    assert ada.frames == ["0", "1"]


def test_after_the_last_message_nobody_listens(backend: Backend) -> None:
    feed, listeners = feed_of(backend)
    ada, late = RecordingSubscriber("ada"), RecordingSubscriber("late")
    feed.listen(ada)
    feed.hear(backend.say(last=True), is_last=True)
    feed.listen(late)
    assert ada.frames == ["0"]
    assert GROUP not in listeners


def admit(feed: GroupFeed, subscriber: RecordingSubscriber, since: Entry, reading: Reading) -> None:
    feed.admit(feed.expect(), subscriber, since.position.cursor(GROUP), reading)


def test_a_newcomer_from_a_history_yet_to_be_heard_of_hears_nothing_of_the_one_before(
    backend: Backend,
) -> None:
    feed, _ = feed_of(backend)
    ada = RecordingSubscriber("ada")
    old = [backend.say(), backend.say()]
    feed.hear(old[0])
    backend.lose_everything()
    new = backend.say()
    admit(feed, ada, old[0], backend.read())

    feed.hear(old[1])
    assert ada.frames == ["2"]
    assert feed.hear(new) == old[1].position
    feed.catch_up(backend.read())
    feed.hear(backend.say())
    assert ada.frames == ["2", "3"]


def test_a_newcomer_from_a_history_that_nobody_else_heard_of_is_told_of_its_loss(
    backend: Backend,
) -> None:
    feed, _ = feed_of(backend)
    ada = RecordingSubscriber("ada")
    first = backend.say()
    admit(feed, ada, first, backend.read(first.position))
    backend.lose_everything()

    place = feed.hear(backend.say())
    assert place == BEGINNING
    feed.catch_up(backend.read())
    feed.hear(backend.say())
    assert [told.reason for told in ada.recoveries] == [None, LossReason.UNKNOWN_POSITION]
    assert ada.frames == ["1", "2"]


def test_whoever_was_given_all_when_it_came_is_not_told_of_a_loss_before(backend: Backend) -> None:
    feed, _ = feed_of(backend)
    ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
    feed.listen(bob)
    heard = backend.say()
    feed.hear(heard)
    for _ in range(CAPACITY + 1):
        backend.say()
    admit(feed, ada, backend.said[-2], backend.read(backend.said[-2].position))

    assert feed.hear(backend.say()) == heard.position
    feed.catch_up(backend.read(heard.position))
    assert [told.reason for told in ada.recoveries] == [None]
    assert ada.frames == ["5", "6"]
    assert bob.recoveries == [Recovery(4, LossReason.TRIMMED)]
    assert bob.frames == ["0", "3", "4", "5", "6"]


def test_a_newcomer_that_waits_while_something_is_missing_needs_another_reading(
    backend: Backend,
) -> None:
    feed, _ = feed_of(backend)
    before = feed.expect()
    backend.say()
    assert feed.hear(backend.say()) == BEGINNING
    assert before.is_overtaken
    feed.catch_up(backend.read())
    assert not feed.expect().is_overtaken


def test_what_comes_late_of_a_lost_history_is_not_the_beginning_of_a_new_one(
    backend: Backend,
) -> None:
    feed, _ = feed_of(backend)
    ada = RecordingSubscriber("ada")
    feed.listen(ada)
    first = backend.say()
    feed.hear(first)
    backend.lose_everything()
    feed.resume()
    feed.catch_up(backend.read(first.position))

    assert feed.hear(first) is not None
    feed.catch_up(backend.read())
    assert ada.frames == ["0"]


def test_whoever_was_given_what_the_history_lost_is_told_and_given_nothing_twice(
    backend: Backend,
) -> None:
    feed, _ = feed_of(backend)
    ada = RecordingSubscriber("ada")
    said = [backend.say() for _ in range(3)]
    admit(feed, ada, said[0], backend.read(said[0].position))
    backend.lose_the_end(1)

    feed.resume()
    feed.catch_up(backend.read())
    feed.hear(backend.say())
    assert ada.recoveries[-1] == Recovery(0, LossReason.UNKNOWN_POSITION)
    assert ada.frames == ["1", "2", "3"]
