"""Who listens to which group in this process."""

from adapters.layers.listeners import Listeners
from application.ports import LossReason, Recovery
from domain.identity import ConnectionId
from tests.doubles import RecordingSubscriber


def listening(*groups: str) -> tuple[Listeners, RecordingSubscriber]:
    listeners, ada = Listeners(), RecordingSubscriber("ada")
    for group in groups:
        assert listeners.add(group, ada)
    return listeners, ada


def test_whoever_listens_already_is_not_added_again() -> None:
    listeners, ada = listening("g")

    assert not listeners.add("g", ada)
    assert listeners.count(ada) == 1


def test_a_group_exists_while_somebody_listens() -> None:
    listeners, ada = listening("g")
    bob = RecordingSubscriber("bob")
    listeners.add("g", bob)

    assert listeners.remove(ada) == []
    assert "g" in listeners
    assert listeners.remove(bob) == ["g"]
    assert "g" not in listeners
    assert list(listeners._groups) == []


def test_removing_tells_which_groups_are_left_without_anybody() -> None:
    listeners, ada = listening("mine", "shared", "mine too")
    listeners.add("shared", RecordingSubscriber("bob"))

    assert sorted(listeners.remove(ada)) == ["mine", "mine too"]
    assert list(listeners._groups) == ["shared"]


def test_removing_one_group_leaves_the_others() -> None:
    listeners, ada = listening("g1", "g2")

    assert listeners.remove(ada, "g1") == ["g1"]
    assert listeners.count(ada) == 1
    assert list(listeners._groups) == ["g2"]


def test_removing_what_is_not_there_changes_nothing() -> None:
    listeners, ada = listening("g")
    stranger = RecordingSubscriber("stranger")

    assert listeners.remove(stranger) == []
    assert listeners.remove(stranger, "g") == []
    assert listeners.remove(ada, "elsewhere") == []
    assert listeners.count(ada) == 1


def test_closing_a_group_ends_it_for_everybody_but_nothing_else() -> None:
    listeners, ada = listening("g", "other")
    bob = RecordingSubscriber("bob")
    listeners.add("g", bob)

    listeners.close("g")
    listeners.close("g")
    listeners.give("g", "frame")

    assert (ada.frames, bob.frames) == ([], [])
    assert (listeners.count(ada), listeners.count(bob)) == (1, 0)
    assert listeners.remove(ada) == ["other"]


def test_whoever_came_first_hears_first() -> None:
    heard: list[str] = []

    class Noting(RecordingSubscriber):
        def deliver(self, frame: str) -> None:
            heard.append(self.connection_id)

    listeners = Listeners()
    for name in ("c", "a", "b"):
        listeners.add("g", Noting(name))
    listeners.give("g", "frame")
    listeners.give("g", "frame", (ConnectionId("a"), ConnectionId("absent")))

    assert heard == ["c", "a", "b", "c", "b"]


def test_whoever_listens_is_known_by_connection() -> None:
    listeners, ada = listening("g")

    assert listeners.hears("g", ada)
    assert listeners.hears("g", RecordingSubscriber("ada"))
    assert not listeners.hears("g", RecordingSubscriber("bob"))
    assert not listeners.hears("elsewhere", ada)


def test_a_gap_is_told_to_everybody_in_the_group() -> None:
    listeners, ada = listening("g")
    bob, eve = RecordingSubscriber("bob"), RecordingSubscriber("eve")
    listeners.add("g", bob)
    listeners.add("elsewhere", eve)
    gap = Recovery(1, LossReason.TRIMMED)

    listeners.recover("g", gap, ["left"])
    listeners.recover("nobody", gap, ["left"])

    for subscriber in (ada, bob):
        assert (subscriber.recoveries, subscriber.frames) == ([gap], ["left"])
    assert eve.recoveries == []


def test_nothing_is_kept_of_whoever_has_gone() -> None:
    listeners = Listeners()
    for number in range(3):
        ada = RecordingSubscriber(f"ada {number}")
        listeners.add("g", ada)
        listeners.add(f"g{number}", ada)
        listeners.remove(ada, "g")
        listeners.remove(ada)
        listeners.add("g", ada)
        listeners.close("g")

    assert listeners._groups == {}
    assert listeners._groups_of == {}
