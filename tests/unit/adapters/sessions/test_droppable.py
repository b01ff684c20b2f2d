"""What may be dropped of what waits: what is written, and gaps, are together what was delivered."""

import json
from collections import Counter
from sys import getsizeof
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sessions.buffered_bytes import BufferedBytes, Share
from adapters.sessions.droppable import Backlog
from adapters.sessions.frames import gap_frame
from adapters.sessions.mailbox import Mailbox

DROP_OLDEST, LATEST = False, True


def mailbox_of(max_frames: int = 4, max_bytes: int = 1_000_000) -> tuple[Mailbox, Share]:
    share = Share(BufferedBytes(10**9, lambda: None))
    return Mailbox(share, max_frames, max_bytes), share


def put(mailbox: Mailbox, backlog: Backlog, *frames: str) -> None:
    for frame in frames:
        mailbox.put_droppable(backlog, frame)


def taken(mailbox: Mailbox) -> list[str]:
    items = []
    while (item := mailbox.take()) is not None:
        items.append(str(item))
    return items


@pytest.mark.parametrize("policy", [DROP_OLDEST, LATEST], ids=["drop_oldest", "latest"])
def test_one_frame_that_waits_is_written_without_a_gap(policy: bool) -> None:
    mailbox, share = mailbox_of()
    put(mailbox, Backlog(policy), "a")
    assert share.size == getsizeof("a")
    assert taken(mailbox) == ["a"]
    assert share.size == 0


def test_the_oldest_make_room_and_one_gap_tells_at_their_place_how_many() -> None:
    mailbox, _ = mailbox_of()
    mailbox.put("answer")
    put(mailbox, Backlog(DROP_OLDEST), *"abcdefg")
    assert taken(mailbox) == ["answer", gap_frame(4), "e", "f", "g"]


def test_frames_that_are_too_heavy_make_room_too() -> None:
    mailbox, _ = mailbox_of(100, 3 * getsizeof("x" * 1_000))
    put(mailbox, Backlog(DROP_OLDEST), *(letter * 1_000 for letter in "abcde"))
    assert taken(mailbox) == [gap_frame(2), *(letter * 1_000 for letter in "cde")]


def test_the_newest_takes_the_place_of_an_older_one() -> None:
    mailbox, share = mailbox_of()
    first, other = Backlog(LATEST), Backlog(LATEST)
    put(mailbox, first, "a")
    mailbox.put("answer")
    put(mailbox, other, "A")
    put(mailbox, first, "bb", "ccc")
    assert share.size == sum(map(getsizeof, ("ccc", "answer", "A")))
    assert taken(mailbox) == [gap_frame(2), "ccc", "answer", "A"]


def test_after_its_gap_a_frame_is_written_whatever_comes_meanwhile() -> None:
    mailbox, _ = mailbox_of()
    backlog = Backlog(LATEST)
    put(mailbox, backlog, *"abc")
    assert mailbox.take() == gap_frame(2)
    put(mailbox, backlog, *"de")
    assert taken(mailbox) == ["c", gap_frame(1), "e"]


def test_a_gap_that_was_told_is_not_told_again() -> None:
    mailbox, _ = mailbox_of(1)
    backlog = Backlog(DROP_OLDEST)
    put(mailbox, backlog, *"ab")
    assert mailbox.take() == gap_frame(1)
    put(mailbox, backlog, "c")
    assert mailbox._droppable.empty == 0
    assert taken(mailbox) == [gap_frame(1), "c"]


def test_audiences_with_much_to_say_let_others_have_their_turn() -> None:
    mailbox, _ = mailbox_of()
    quiet, loud = Backlog(LATEST), Backlog(LATEST)
    put(mailbox, loud, "first")
    assert mailbox.take() == "first"
    put(mailbox, loud, "loud")
    put(mailbox, quiet, "quiet")
    heard = []
    for number in range(6):
        put(mailbox, loud, f"loud {number}")
        put(mailbox, quiet, f"quiet {number}")
        heard.append(str(mailbox.take()))
    assert [text for text in heard if text.startswith("quiet")]
    assert [text for text in heard if text.startswith("loud")]


def test_whoever_is_loud_makes_room_for_whoever_is_quiet() -> None:
    mailbox, _ = mailbox_of()
    loud, quiet = Backlog(DROP_OLDEST), Backlog(DROP_OLDEST)
    put(mailbox, loud, *"abcd")
    put(mailbox, quiet, "quiet", "quiet too")
    assert taken(mailbox) == [gap_frame(2), "c", "d", "quiet", "quiet too"]


def test_what_may_be_dropped_makes_room_for_what_may_not() -> None:
    mailbox, _ = mailbox_of(3)
    put(mailbox, Backlog(DROP_OLDEST), *"abc")
    assert [mailbox.put(f"answer {number}") for number in range(4)] == [True, True, True, False]
    assert taken(mailbox) == [gap_frame(3), "answer 0", "answer 1", "answer 2"]


def test_a_frame_for_which_nothing_makes_room_is_a_gap_itself() -> None:
    mailbox, share = mailbox_of(1)
    mailbox.put("answer")
    put(mailbox, Backlog(DROP_OLDEST), *"abc")
    assert share.size == getsizeof("answer")
    assert taken(mailbox) == ["answer", gap_frame(3)]


def test_only_what_can_not_be_dropped_keeps_a_client_from_being_read() -> None:
    mailbox, _ = mailbox_of(4)
    put(mailbox, Backlog(DROP_OLDEST), *"abcdef")
    assert mailbox.has_room
    mailbox.put("answer")
    mailbox.put("answer")
    assert not mailbox.has_room


def test_a_flood_for_a_client_that_reads_nothing_takes_no_memory() -> None:
    mailbox, share = mailbox_of(8)
    oldest, latest = Backlog(DROP_OLDEST), Backlog(LATEST)
    mailbox.put_beyond(["recovered"])
    most = 0
    for number in range(5_000):
        put(mailbox, oldest, f"{number:04}")
        put(mailbox, latest, f"{number:04}")
        most = max(most, len(mailbox._items), mailbox._droppable.empty)
    assert most < 200, "and is not cleared away anew for each frame"
    assert share.size == getsizeof("recovered") + 8 * getsizeof("0000")
    assert len(taken(mailbox)) == 1 + 8 + 2


def test_a_mailbox_that_is_cleared_tells_of_nothing_from_before() -> None:
    mailbox, share = mailbox_of(2)
    backlog = Backlog(DROP_OLDEST)
    put(mailbox, backlog, *"abcde")
    mailbox.clear()
    assert share.size == 0
    assert not mailbox
    put(mailbox, backlog, *"fgh")
    assert taken(mailbox) == [gap_frame(1), "g", "h"]


class Reader:
    """Checks what is written, item by item, against what was delivered.

    The frames of an audience are `AUDIENCE NUMBER ORDER`, counted by audience from 0, and by all.
    """

    def __init__(self) -> None:
        self.delivered: Counter[str] = Counter()
        self.heard: Counter[str] = Counter()
        self.backlogs: dict[str, Backlog] = {}
        self.order = self.heard_order = 0

    def delivers(self, name: str) -> str:
        self.order += 1
        self.delivered[name] += 1
        return f"{name} {self.delivered[name] - 1} {self.order} " + "x" * (self.order % 7 * 40)

    def hears(self, item: str) -> None:
        if item.startswith("{"):
            payload = json.loads(item)["payload"]
            self.heard[payload["name"]] += payload["missed"]
            return
        name, number, order, *_ = item.split(" ")
        assert self.heard[name] == int(number), "in order, and the gap right before"
        self.heard[name] += 1
        if not name.startswith("latest"):
            assert self.heard_order < int(order), "nothing overtakes what may not be replaced"
            self.heard_order = int(order)

    def backlog(self, name: str, *, anew: bool = False) -> Backlog:
        def tell(missed: int) -> str:
            return json.dumps({"payload": {"missed": missed, "name": name}})

        if anew or name not in self.backlogs:
            self.backlogs[name] = Backlog(name.startswith("latest"), tell)
        return self.backlogs[name]


AUDIENCES = ["oldest-1", "oldest-2", "latest-1", "latest-2"]
steps = st.lists(
    st.one_of(
        st.tuples(st.just("deliver"), st.sampled_from(AUDIENCES)),
        st.tuples(st.just("recover"), st.sampled_from(AUDIENCES)),
        st.tuples(st.just("answer"), st.just("answer")),
        st.tuples(st.just("take"), st.just("")),
    ),
    max_size=80,
)


@given(max_frames=st.integers(1, 6), max_bytes=st.integers(300, 2_000), steps=steps)
def test_what_is_written_and_gaps_are_what_was_delivered(
    max_frames: int, max_bytes: int, steps: list[tuple[str, Any]]
) -> None:
    mailbox, share = mailbox_of(max_frames, max_bytes)
    reader = Reader()
    for step, name in steps:
        if step == "deliver":
            mailbox.put_droppable(reader.backlog(name), reader.delivers(name))
        elif step == "recover":
            # Told in the same count: what was before it is heard, or told of, before it.
            mailbox.put_beyond([reader.delivers(name)])
            reader.backlog(name, anew=True)
        elif step == "answer":
            frame = reader.delivers("answer")
            if not mailbox.put(frame):
                reader.delivered["answer"] -= 1
                assert not [it for it in reader.backlogs.values() if it.places]
        elif (item := mailbox.take()) is not None:
            reader.hears(str(item))
        assert mailbox._frames + mailbox._droppable.frames <= max_frames
        assert mailbox._bytes + mailbox._droppable.size <= max_bytes
        assert all(len(it.places) <= 1 for it in reader.backlogs.values() if it.newest_only)
    for item in taken(mailbox):
        reader.hears(item)
    assert reader.heard == reader.delivered
    assert share.size == 0
    assert mailbox._droppable.empty == mailbox._droppable.frames == 0
