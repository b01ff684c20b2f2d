"""A group's feed without a backend: gaps, epochs, fences, trims, newcomers at any moment."""

from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from adapters.layers.group_feed import GroupFeed, Newcomer
from adapters.layers.listeners import Listeners
from adapters.layers.position import BEGINNING, Position
from adapters.layers.recovery import Entry, Reading, place_of
from application.ports import LossReason, Recovery
from domain.identity import ConnectionId
from tests.doubles import RecordingSubscriber

GROUP = "g"
CAPACITY = 4

rarely = st.sampled_from([True, False, False, False])


class Backend:
    """A history that keeps the last few of what was said. A frame is the number of its saying."""

    def __init__(self) -> None:
        self.said: list[Entry] = []
        self.known: list[Entry] = []
        """What was said in this epoch, without what was lost of its end."""
        self.epoch = 1
        self.is_over = False
        self.capacity: int | None = CAPACITY

    @property
    def end(self) -> Position:
        return self.known[-1].position if self.known else BEGINNING

    def say(self, *, last: bool = False, exclude: str | None = None) -> Entry:
        number = len(self.said)
        position = Position(f"{self.epoch:012x}", number + 1, len(self.known) + 1)
        entry = Entry(position, f"{number}", None if exclude is None else ConnectionId(exclude))
        self.said.append(entry)
        self.known.append(entry)
        self.is_over = last
        return entry

    def lose_everything(self) -> None:
        self.epoch += 1
        self.known = []
        self.is_over = False
        self.capacity = CAPACITY

    def lose_the_end(self, count: int) -> None:
        """It comes back as it was before the last few were said.

        That this offset was given to another is known by that other alone: it must be kept.
        """
        self.capacity = None
        for lost in self.known[1:][-count:]:
            self.known.remove(lost)
            self.is_over = False

    def read(self, after: Position | None = None, *, newest: int | None = None) -> Reading:
        kept = self.known[-(self.capacity or len(self.known)) :]
        if newest is not None:
            kept = kept[-newest:] if newest else []
        elif after and after.epoch == self.end.epoch and after.offset <= self.end.offset:
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

    @property
    def was_told_of_a_loss(self) -> bool:
        return any(recovery.reason for recovery in self.recoveries)


@dataclass
class Asked:
    """A question to the backend: made at once, or as late as the answer is needed."""

    after: Position | None
    newest: int | None = None
    reading: Reading | None = None

    def answer(self, backend: Backend) -> Reading:
        return self.reading or backend.read(self.after, newest=self.newest)


@dataclass
class Waiting:
    listener: Listener
    since: str | None
    newcomer: Newcomer
    asked: Asked
    is_late: bool = field(kw_only=True)


class Feeding(RuleBasedStateMachine):
    """As a backend drives a feed: live messages come over a wire that may break, and readings may
    be made long before they are used.

    Whatever happens, everybody hears in order and nothing twice; whoever was never told of a loss
    has heard everything since it came.
    """

    def __init__(self) -> None:
        super().__init__()
        self.backend = Backend()
        self.listeners = Listeners()
        self.feed = GroupFeed(GROUP, self.listeners)
        self.feed.begin(self.backend.read(newest=0))
        self.wire: deque[tuple[Entry, bool]] = deque()
        self.is_cut = False
        self.catching_up: Asked | None = None
        self.waiting: list[Waiting] = []
        self.everybody: list[Listener] = []
        self.gone: list[tuple[Listener, int]] = []
        self.came = 0

    # What is said, and how it comes.

    @rule(
        is_lost=st.sampled_from([False, False, True]),
        last=st.sampled_from([False] * 19 + [True]),
        excludes=st.integers(0, 9),
    )
    def say(self, is_lost: bool, last: bool, excludes: int) -> None:
        if self.backend.is_over:
            return
        excluded = self.everybody[excludes:][:1]
        exclude = excluded[0].connection_id if excluded else None
        entry = self.backend.say(last=last, exclude=exclude)
        if not is_lost and not self.is_cut:
            self.wire.append((entry, last))

    @precondition(lambda self: self.catching_up is None)
    @rule(count=st.integers(1, 3))
    def say_and_hear(self, count: int) -> None:
        for _ in range(count):
            self.say(is_lost=False, last=False, excludes=9)
        while self.wire and self.catching_up is None:
            self.hear(is_late=False)

    @rule(back=st.integers(1, 3))
    def say_again(self, back: int) -> None:
        """The wire brings one twice."""
        if len(self.backend.known) >= back and not self.is_cut:
            entry = self.backend.known[-back]
            self.wire.append((entry, back == 1 and self.backend.is_over))

    @precondition(lambda self: self.wire and self.catching_up is None)
    @rule(is_late=st.booleans())
    def hear(self, is_late: bool) -> None:
        entry, last = self.wire.popleft()
        place = self.feed.hear(entry, is_last=last)
        if place is not None:
            self._read_on_from(place, is_late)

    @rule(happens=rarely)
    def cut_the_wire(self, happens: bool) -> None:
        if happens:
            self.wire.clear()
            self.is_cut = True

    @precondition(lambda self: self.is_cut and self.catching_up is None)
    @rule(is_late=st.booleans())
    def mend_the_wire(self, is_late: bool) -> None:
        self.is_cut = False
        place = self.feed.resume()
        assert place is not None
        self._read_on_from(place, is_late)

    def _read_on_from(self, place: Position, is_late: bool) -> None:
        self.catching_up = self._ask(place if place.epoch else None, None, is_late)

    @precondition(lambda self: self.catching_up is not None)
    @rule()
    def catch_up(self) -> None:
        assert self.catching_up is not None
        self.feed.catch_up(self.catching_up.answer(self.backend))
        self.catching_up = None

    def _ask(self, after: Position | None, newest: int | None, is_late: bool) -> Asked:
        asked = Asked(after, newest)
        if not is_late:
            asked.reading = asked.answer(self.backend)
        return asked

    # What is lost.

    @rule(happens=rarely)
    def lose_everything(self, happens: bool) -> None:
        if happens:
            self.backend.lose_everything()

    @rule(happens=rarely, count=st.integers(1, 3))
    def lose_the_end(self, happens: bool, count: int) -> None:
        """Which cuts the wire, for the backend was away."""
        if happens:
            self.backend.lose_the_end(count)
            self.cut_the_wire(happens)

    # Who comes and goes.

    @precondition(lambda self: self.catching_up is None)
    @rule(back=st.integers(0, 6), has_cursor=st.booleans(), is_late=st.booleans())
    def be_about_to_listen(self, back: int, has_cursor: bool, is_late: bool) -> None:
        said = self.backend.said
        since = None
        if has_cursor and len(said) > back:
            since = said[-1 - back].position.cursor(GROUP)
        self.came += 1
        listener = Listener(f"listener {self.came}", None if since is None else len(said) - back)
        self._wait(listener, since, is_late)

    @precondition(lambda self: self.catching_up is None and self.everybody)
    @rule(which=st.integers(0, 9), is_late=st.booleans())
    def leave_and_come_back(self, which: int, is_late: bool) -> None:
        gone = self.everybody.pop(which % len(self.everybody))
        self.listeners.remove(gone)
        self.gone.append((gone, len(gone.frames) + len(gone.recoveries)))
        if gone.frames:
            last = gone.numbers[-1]
            listener = Listener(gone.connection_id, last + 1)
            self._wait(listener, self.backend.said[last].position.cursor(GROUP), is_late)

    def _wait(self, listener: Listener, since: str | None, is_late: bool) -> None:
        if since is None:
            asked = self._ask(None, 1, is_late)
        else:
            asked = self._ask(place_of(since, GROUP), None, is_late)
        newcomer = self.feed.expect()
        self.waiting.append(Waiting(listener, since, newcomer, asked, is_late=is_late))

    @precondition(lambda self: self.waiting)
    @rule(which=st.integers(0, 9))
    def begin_to_listen(self, which: int) -> None:
        waiting = self.waiting[which % len(self.waiting)]
        if waiting.newcomer.is_overtaken:
            if self.catching_up is None:
                self.waiting.remove(waiting)
                self.feed.give_up(waiting.newcomer)
                self._wait(waiting.listener, waiting.since, waiting.is_late)
            return
        self.waiting.remove(waiting)
        reading = waiting.asked.answer(self.backend)
        self.feed.admit(waiting.newcomer, waiting.listener, waiting.since, reading)
        self.everybody.append(waiting.listener)

    @rule()
    def listen(self) -> None:
        self.came += 1
        listener = Listener(f"listener {self.came}", None)
        self.feed.listen(listener)
        self.everybody.append(listener)

    # What must hold.

    @invariant()
    def nobody_hears_twice_or_out_of_order(self) -> None:
        for listener in self.everybody:
            assert listener.numbers == sorted(set(listener.numbers)), listener.frames

    @invariant()
    def nothing_is_heard_after_leaving(self) -> None:
        for listener, heard in self.gone:
            assert len(listener.frames) + len(listener.recoveries) == heard

    @invariant()
    def whoever_was_told_of_no_loss_has_heard_everything(self) -> None:
        for listener in self.everybody:
            if listener.numbers and not listener.was_told_of_a_loss:
                self._assert_nothing_is_missing(listener, listener.numbers[-1])

    def _assert_nothing_is_missing(self, listener: Listener, until: int) -> None:
        begins = listener.numbers[0] if listener.begins is None else listener.begins
        due = {
            int(entry.frame)
            for entry in self.backend.known
            if begins <= int(entry.frame) <= until and entry.exclude != listener.connection_id
        }
        assert due <= set(listener.numbers), listener.frames

    def teardown(self) -> None:
        """At the end all is quiet, and everybody who listens is where the history is."""
        if self.catching_up is not None:
            self.catch_up()
        self.mend_the_wire(is_late=True)
        self.catch_up()
        while self.waiting:
            self.begin_to_listen(0)
        while self.wire:
            self.hear(is_late=False)
            if self.catching_up is not None:
                self.catch_up()
        self.nobody_hears_twice_or_out_of_order()
        for listener in self.everybody:
            has_begun = listener.numbers or listener.begins is not None
            is_told = listener.was_told_of_a_loss
            if has_begun and not is_told and self.listeners.hears(GROUP, listener):
                self._assert_nothing_is_missing(listener, len(self.backend.said))


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
