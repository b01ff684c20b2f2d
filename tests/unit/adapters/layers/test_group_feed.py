"""A group's feed without a backend: gaps, epochs, fences, trims, newcomers at any moment."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from adapters.layers.group_feed import GroupFeed, Newcomer
from adapters.layers.listeners import Listeners
from adapters.layers.position import BEGINNING, Position
from adapters.layers.recovery import Entry, Reading, place_of
from application.ports import LossReason, Recovery
from domain.identity import ConnectionId
from tests.doubles import RecordingSubscriber

GROUP = "g"
CAPACITY = 4


class Backend:
    """A history that remembers all that was ever said, and keeps the last few of it."""

    def __init__(self) -> None:
        self.said: list[Entry] = []
        self.epoch = 1
        self.first_of_epoch = 0
        self.is_over = False

    @property
    def of_epoch(self) -> list[Entry]:
        return self.said[self.first_of_epoch :]

    @property
    def end(self) -> Position:
        return self.of_epoch[-1].position if self.of_epoch else BEGINNING

    def say(self, *, last: bool = False) -> Entry:
        number = len(self.said)
        position = Position(f"{self.epoch:012x}", number, len(self.of_epoch) + 1)
        entry = Entry(position, f"{number}")
        self.said.append(entry)
        self.is_over = last
        return entry

    def lose_everything(self) -> None:
        self.epoch += 1
        self.first_of_epoch = len(self.said)
        self.is_over = False

    def read(self, after: Position | None = None, *, newest: int | None = None) -> Reading:
        kept = self.of_epoch[-CAPACITY:]
        if newest is not None:
            kept = kept[-newest:] if newest else []
        elif after is not None and (after.epoch, True) == (
            self.end.epoch,
            after.offset <= self.end.offset,
        ):
            kept = [entry for entry in kept if entry.position.is_later(after)]
        return Reading(self.end, 0, kept, is_over=self.is_over)


class Listener(RecordingSubscriber):
    """What it was given; `begins` is the first that it should be, None for whatever is newest."""

    def __init__(self, name: str, begins: int | None) -> None:
        super().__init__(name)
        self.begins = begins

    @property
    def numbers(self) -> list[int]:
        return [int(frame) for frame in self.frames]


class Feeding(RuleBasedStateMachine):
    """Live messages may get lost, late or repeated; readings may be made long before they come.

    Whatever happens: everybody hears in order and nothing twice, and whoever was never told of a
    loss has heard everything since it came.
    """

    def __init__(self) -> None:
        super().__init__()
        self.backend = Backend()
        self.listeners = Listeners()
        self.over = 0
        self.came = 0
        self.feed = GroupFeed(GROUP, self.listeners, self._on_over)
        self.feed.begin(self.backend.read(newest=0))
        self.everybody: list[Listener] = []
        self.waiting: list[tuple[Newcomer, Listener, str | None, Reading]] = []

    def _on_over(self) -> None:
        self.over += 1

    @rule(is_heard=st.booleans(), last=st.sampled_from([False] * 19 + [True]))
    def say(self, is_heard: bool, last: bool) -> None:
        if self.backend.is_over:
            return
        entry = self.backend.say(last=last)
        if is_heard:
            self._hear(entry, last)

    @rule(back=st.integers(1, 3))
    def repeat(self, back: int) -> None:
        if len(self.backend.of_epoch) >= back:
            self._hear(self.backend.of_epoch[-back], last=back == 1 and self.backend.is_over)

    def _hear(self, entry: Entry, last: bool) -> None:
        place = self.feed.hear(entry, is_last=last)
        if place is not None:
            self._catch_up(place)

    @rule()
    def come_back(self) -> None:
        assert self.feed.seen is not None
        self._catch_up(self.feed.seen)

    def _catch_up(self, place: Position) -> None:
        reading = self.backend.read(place if place.epoch else None)
        self.feed.catch_up(place, reading)

    @rule()
    def lose_everything(self) -> None:
        self.backend.lose_everything()

    @rule(back=st.integers(0, 6), has_cursor=st.booleans())
    def somebody_is_about_to_listen(self, back: int, has_cursor: bool) -> None:
        said = self.backend.said
        since = None
        if has_cursor and len(said) > back:
            since = said[-1 - back].position.cursor(GROUP)
        self.came += 1
        name = f"listener {self.came}"
        begins = None if since is None else len(said) - back
        newcomer = self.feed.expect()
        self.waiting.append((newcomer, Listener(name, begins), since, self._read_for(since)))

    def _read_for(self, since: str | None) -> Reading:
        if since is None:
            return self.backend.read(newest=1)
        return self.backend.read(place_of(since, GROUP))

    @rule()
    def its_reading_comes(self) -> None:
        if self.waiting:
            newcomer, listener, since, reading = self.waiting.pop(0)
            while place := self.feed.must_read_before(newcomer, reading):
                self.feed.give_up(newcomer)
                self._catch_up(place)
                newcomer, reading = self.feed.expect(), self._read_for(since)
            self.feed.admit(newcomer, listener, since, reading)
            self.everybody.append(listener)

    @rule()
    def somebody_leaves(self) -> None:
        if self.everybody:
            self.listeners.remove(self.everybody.pop(0))

    @invariant()
    def nobody_hears_twice_or_out_of_order(self) -> None:
        for listener in self.everybody:
            assert listener.numbers == sorted(set(listener.numbers)), listener.frames

    @invariant()
    def whoever_was_told_of_no_loss_has_heard_everything(self) -> None:
        assert self.feed.seen is not None
        for listener in self.everybody:
            if any(recovery.reason for recovery in listener.recoveries):
                continue
            if not self.listeners.hears(GROUP, listener) or not listener.numbers:
                continue
            numbers = listener.numbers
            begins = numbers[0] if listener.begins is None else listener.begins
            assert numbers == list(range(begins, numbers[-1] + 1)), numbers

    def teardown(self) -> None:
        # At the end all is quiet, and everybody who listens is where the history is.
        for _ in range(2):
            assert self.feed.seen is not None
            self._catch_up(self.feed.seen)
        if self.backend.of_epoch:
            newest = len(self.backend.said) - 1
            for listener in self.everybody:
                if self.listeners.hears(GROUP, listener) and (listener.begins or 0) <= newest:
                    assert listener.numbers[-1:] == [newest]


TestFeeding = Feeding.TestCase
TestFeeding.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)


# Cases worth a name.


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


def test_what_a_fence_holds_back_was_in_the_reading(backend: Backend) -> None:
    feed, _ = feed_of(backend)
    ada = RecordingSubscriber("ada")
    first, second = backend.say(), backend.say()
    newcomer = feed.expect()
    feed.admit(newcomer, ada, "g~000000000001-0-1", backend.read(first.position))
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
    feed.catch_up(backend.said[0].position, backend.read(backend.said[0].position))
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
    feed.catch_up(place, backend.read(place))
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
