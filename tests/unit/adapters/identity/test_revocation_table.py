"""What a process knows to be revoked: bounded, also where it learns of more."""

import pytest

from adapters.identity.revocation_table import Kept, RevocationTable
from domain.revocations import Revocation
from tests.contracts.revocations import LIFE, somebody
from tests.doubles import BEGINNING, ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def table(clock: ManualClock) -> RevocationTable:
    return RevocationTable(clock, life=LIFE, limit=2)


def kept(name: str, before: float = BEGINNING, until: float = BEGINNING + LIFE) -> Kept:
    return Kept(Revocation(f"sub:{name}", before), until)


def test_more_than_it_keeps_is_not_learned_and_said_once(
    table: RevocationTable, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    table.learn([kept("ada"), kept("bob"), kept("eve")])
    table.learn([kept("eve"), kept("ada", BEGINNING + 1)])

    assert not table.is_revoked(somebody("eve"))
    assert table.is_revoked(somebody("ada", BEGINNING + 0.5))
    assert len(caplog.records) == 1
    clock.shift(LIFE)
    again = [kept(name, until=BEGINNING + 2 * LIFE) for name in ("a", "b", "c")]
    table.learn(again)
    assert set(table.known()) == {"sub:a", "sub:b"}
    assert len(caplog.records) == 2


def test_what_is_over_is_neither_learned_nor_known(
    table: RevocationTable, clock: ManualClock
) -> None:
    heard: list[object] = []
    table.listen(heard.extend)
    table.learn([kept("ada"), kept("bob", until=BEGINNING)])
    assert set(table.known()) == {"sub:ada"}
    assert heard == [Revocation("sub:ada", BEGINNING)]

    clock.shift(LIFE)
    assert table.known() == {}


def test_what_two_processes_say_of_one_target_is_joined(table: RevocationTable) -> None:
    table.learn([kept("ada", BEGINNING + 5, BEGINNING + 50)])
    table.learn([kept("ada", BEGINNING, BEGINNING + 90)])

    assert table.get("sub:ada") == kept("ada", BEGINNING + 5, BEGINNING + 90)
    assert table.get("sub:bob") is None
