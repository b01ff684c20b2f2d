"""The settings of lanes."""

from pathlib import Path

import pytest

from adapters.environment import load_settings
from adapters.lane_table import LANES, LaneKind
from application.ports import SlowReaders


def test_every_lane_has_a_plan_with_a_prefix_of_its_own() -> None:
    plans = load_settings().lane_plans()
    assert set(plans) == set(LANES)
    assert all(plans[name].name is name for name in LANES)
    assert len({plan.prefix for plan in plans.values()}) == len(plans)


@pytest.mark.parametrize(
    ("lane", "kind", "capacity", "expiry", "group_bytes"),
    [
        ("memory", LaneKind.EPHEMERAL, None, None, None),
        ("chat", LaneKind.EPHEMERAL, None, None, None),
        ("queue", LaneKind.DURABLE, 1_000, 900, 1_048_576),
        ("analytics", LaneKind.DURABLE, 5_000, 3_600, 4_194_304),
        ("rooms", LaneKind.DURABLE, 200, 86_400, 1_048_576),
        ("jobs", LaneKind.DURABLE, 500, 3_600, 1_048_576),
    ],
)
def test_lanes_are_what_they_are_unless_told_otherwise(
    lane: str,
    kind: LaneKind,
    capacity: int | None,
    expiry: float | None,
    group_bytes: int | None,
) -> None:
    plan = load_settings().lane_plans()[lane]
    assert plan.kind is kind
    if kind is LaneKind.DURABLE:
        assert (plan.capacity, plan.expiry) == (capacity, expiry)
        assert plan.group_bytes == group_bytes


def test_one_option_of_a_lane_can_be_changed_without_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = load_settings().lane_plans()
    monkeypatch.setenv("SWITCHBOARD_LANE_QUEUE__CAPACITY", "7")
    after = load_settings().lane_plans()
    assert after["queue"].capacity == 7
    assert after["queue"].expiry == before["queue"].expiry
    assert after["queue"].kind is LaneKind.DURABLE
    assert after["queue"].prefix == before["queue"].prefix
    del before["queue"], after["queue"]
    assert after == before


def test_options_of_several_lanes_come_together_from_file_and_environment(
    empty_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_environment / ".env").write_text("SWITCHBOARD_LANE_ROOMS__EXPIRY=60\n")
    monkeypatch.setenv("SWITCHBOARD_LANE_ROOMS__CAPACITY", "9")
    monkeypatch.setenv("SWITCHBOARD_LANE_CHAT__PREFIX", "talk")
    plans = load_settings().lane_plans()
    assert (plans["rooms"].capacity, plans["rooms"].expiry) == (9, 60)
    assert plans["chat"].prefix == "talk"
    assert plans["chat"].kind is LaneKind.EPHEMERAL


def test_a_lane_disconnects_slow_readers_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SWITCHBOARD_LANE_CHAT__SLOW_READERS", "Latest")
    plans = load_settings().lane_plans()
    assert plans.pop("chat").slow_readers is SlowReaders.LATEST
    assert {plan.slow_readers for plan in plans.values()} == {SlowReaders.DISCONNECT}
