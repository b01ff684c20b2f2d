"""A group's feed driven at random: gaps, epochs, fences, trims, newcomers at any moment."""

from collections import deque

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from adapters.layers.group_feed import GroupFeed
from adapters.layers.listeners import Listeners
from adapters.layers.position import Position
from adapters.layers.publication import Live
from adapters.layers.recovery import Entry, place_of
from tests.unit.adapters.layers.feed_backend import GROUP, Asked, Backend, Listener, Waiting

rarely = st.sampled_from([True, False, False, False])


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
        self.wire: deque[Live] = deque()
        self.held_back: Entry | None = None
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
            self.wire.append(Live(entry, last))

    @rule(
        is_lost=st.sampled_from([False, False, True]),
        excludes=st.integers(0, 9),
        follows_a_loss=st.booleans(),
    )
    def tell(self, is_lost: bool, excludes: int, follows_a_loss: bool) -> None:
        """Somebody comes or goes."""
        if follows_a_loss:
            self.say(is_lost=True, last=False, excludes=9)
        if self.backend.is_over:
            return
        excluded = self.everybody[excludes:][:1]
        passing = self.backend.tell(excluded[0].connection_id if excluded else None)
        if not is_lost and not self.is_cut:
            self.wire.append(Live(passing, is_passing=True))

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
            self.wire.append(Live(entry, back == 1 and self.backend.is_over))

    @precondition(lambda self: self.wire and self.catching_up is None)
    @rule(is_late=st.booleans())
    def hear(self, is_late: bool) -> None:
        live = self.wire.popleft()
        if live.is_passing:
            place = self.feed.hear_passing(live.entry)
            self.held_back = None if place is None else live.entry
        else:
            place = self.feed.hear(live.entry, is_last=live.is_last)
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
        if self.held_back is not None:
            self.feed.tell(self.held_back)
            self.held_back = None

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
        listener = Listener(f"listener {self.came}", len(self.backend.said))
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
                listener.check_nothing_is_missing(listener.numbers[-1], self.backend.known)

    @invariant()
    def the_cursor_of_what_is_passing_is_neither_behind_nor_beyond_what_was_given(self) -> None:
        for listener in self.everybody:
            while listener.passed:
                cursor, count = listener.passed.pop()
                if cursor is not None and not listener.was_told_of_a_loss:
                    given = set(listener.numbers[:count])
                    listener.check_given_up_to(cursor, given, self.backend.known)

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
                listener.check_nothing_is_missing(len(self.backend.said), self.backend.known)


TestFeeding = Feeding.TestCase
TestFeeding.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
