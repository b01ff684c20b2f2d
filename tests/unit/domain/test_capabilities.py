"""Capabilities: what a union of grants allows, and what is no claim at all."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.capabilities import EVERYTHING, NOTHING, Capabilities, Grant, Right
from domain.errors import CapabilitiesAreImpossible

segments = st.text("abc*", min_size=1, max_size=3)
channels = st.lists(segments, min_size=1, max_size=4).map(":".join)
rights = st.sampled_from(list(Right))
grants = st.builds(
    Grant,
    st.lists(channels, min_size=1, max_size=3).map(tuple),
    st.frozensets(rights, min_size=1),
)
capabilities = st.lists(grants, max_size=3).map(tuple).map(Capabilities)


def listening_to(*patterns: str) -> Capabilities:
    return Capabilities((Grant(patterns, frozenset({Right.SUBSCRIBE})),))


@pytest.mark.parametrize(
    ("pattern", "channel", "matches"),
    [
        ("chat", "chat", True),
        ("chat", "chats", False),
        ("chat", "reliable", False),
        ("room:lobby", "room:lobby", True),
        ("room:lobby", "room:lobby:inner", False),
        ("room:lobby", "room", False),
        ("room:*", "room:lobby", True),
        ("room:*", "room:team:a", True),
        ("room:*", "room", False),
        ("room:team:*", "room:team:a", True),
        ("room:team:*", "room:team:a:b", True),
        ("room:team:*", "room:team", False),
        ("room:team:*", "room:teams:a", False),
        ("room:*:notes", "room:a:notes", True),
        ("room:*:notes", "room:a:b:notes", False),
        ("room:*:notes", "room:a:notes:b", False),
        ("room:*:notes:*", "room:a:notes:b:c", True),
        ("room:te*", "room:team", False),
        ("*", "chat", True),
        ("*", "room:lobby", True),
        ("*:lobby", "room:lobby", True),
        ("*:lobby", "lobby", False),
        ("job:*", "job:*", True),
        ("job:1", "job:*", False),
        ("room:", "room:lobby", False),
    ],
)
def test_a_pattern_matches_by_segments(pattern: str, channel: str, matches: bool) -> None:
    assert listening_to(pattern).allow(channel, Right.SUBSCRIBE) is matches


@given(channels, rights)
def test_without_grants_everything_is_allowed_and_with_none_nothing(
    channel: str, right: Right
) -> None:
    assert EVERYTHING.allow(channel, right)
    assert not NOTHING.allow(channel, right)


@given(capabilities, capabilities, channels, rights)
def test_a_union_allows_what_either_part_allows(
    some: Capabilities, more: Capabilities, channel: str, right: Right
) -> None:
    union = Capabilities((some.grants or ()) + (more.grants or ()))
    assert union.allow(channel, right) is (some.allow(channel, right) or more.allow(channel, right))


@given(capabilities, channels, rights)
def test_only_rights_that_are_named_are_given(
    some: Capabilities, channel: str, right: Right
) -> None:
    named = {it for grant in some.grants or () for it in grant.allow}
    assert right in named or not some.allow(channel, right)


@given(channels, channels)
def test_a_star_at_the_end_is_the_rest_however_long(begins: str, goes_on: str) -> None:
    if "*" not in begins:
        allowed = listening_to(f"{begins}:*")
        assert allowed.allow(f"{begins}:{goes_on}", Right.SUBSCRIBE)
        assert not allowed.allow(begins, Right.SUBSCRIBE)


@given(st.lists(st.text("ab", min_size=1, max_size=2), min_size=1, max_size=4), st.data())
def test_a_star_within_stands_for_one_segment(parts: list[str], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(parts) - 1))
    pattern = [*parts[:place], "*", *parts[place + 1 :], "end"]
    channel = ":".join([*parts, "end"])
    assert listening_to(":".join(pattern)).allow(channel, Right.SUBSCRIBE)
    longer = ":".join([*parts[:place], "a", "b", *parts[place + 1 :], "end"])
    assert not listening_to(":".join(pattern)).allow(longer, Right.SUBSCRIBE)


@given(capabilities)
def test_what_is_written_as_a_claim_is_read_as_the_same(some: Capabilities) -> None:
    assert Capabilities.parse(some.claim()) == some


def test_no_claim_is_everything_and_an_empty_one_nothing() -> None:
    assert Capabilities.parse(None) == EVERYTHING
    assert EVERYTHING.claim() is None
    assert Capabilities.parse([]) == NOTHING


@pytest.mark.parametrize(
    "claim",
    [
        "room:*",
        {},
        0,
        True,
        [None],
        ["room:*"],
        [{}],
        [{"channels": ["chat"]}],
        [{"allow": ["sub"]}],
        [{"channels": "chat", "allow": ["sub"]}],
        [{"channels": [], "allow": ["sub"]}],
        [{"channels": [""], "allow": ["sub"]}],
        [{"channels": ["x" * 201], "allow": ["sub"]}],
        [{"channels": [1], "allow": ["sub"]}],
        [{"channels": ["chat"], "allow": "sub"}],
        [{"channels": ["chat"], "allow": []}],
        [{"channels": ["chat"], "allow": ["sub", "admin"]}],
        [{"channels": ["chat"], "allow": [None]}],
        [{"channels": ["chat"] * 65, "allow": ["sub"]}],
        [{"channels": ["chat"], "allow": ["sub"]}] * 65,
    ],
)
def test_what_is_no_claim_is_refused_and_grants_nothing(claim: Any) -> None:
    with pytest.raises(CapabilitiesAreImpossible):
        Capabilities.parse(claim)


def test_rights_are_told_apart() -> None:
    allowed = Capabilities.parse([{"channels": ["chat"], "allow": ["sub"]}])
    assert [right for right in Right if allowed.allow("chat", right)] == [Right.SUBSCRIBE]
    assert all(one != other for one, other in pairwise(Right))
