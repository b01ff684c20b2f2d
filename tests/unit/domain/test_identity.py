"""Values that name people, places and things."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.characters import shows_nothing
from domain.errors import (
    IdempotencyKeyIsImpossible,
    RoomNameIsImpossible,
    TextIsEmpty,
    TextIsNotUnicode,
    TextIsTooLong,
)
from domain.identity import ANONYMOUS, IdempotencyKey, Member, MemberId, MessageText, RoomName
from tests.unit.domain.strategies import room_names

ADA, BOB = MemberId("ada"), MemberId("bob")


def test_a_member_is_someone_until_named() -> None:
    member = Member(MemberId("m"))

    assert member.name == ANONYMOUS == "Someone"
    assert not member.recognised


@pytest.mark.parametrize(
    "raw", ["lobby", "x", "Grüße aus Köln", "日本語", "👋", "a b", "..", "a.b-c_d", "x" * 64]
)
def test_a_printable_name_names_a_room(raw: str) -> None:
    assert RoomName.parse(raw).value == raw
    assert str(RoomName.parse(raw)) == raw


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("", id="empty"),
        pytest.param("x" * 65, id="too long"),
        pytest.param("a/b", id="slash"),
        pytest.param(" lobby", id="space before"),
        pytest.param("lobby ", id="space after"),
        pytest.param("\u3000lobby", id="wide space before"),
        pytest.param("lob\nby", id="line break"),
        pytest.param("lob\x00by", id="zero byte"),
        pytest.param("lob\u200bby", id="zero width space"),
        pytest.param("lob\u202eby", id="right-to-left override"),
        pytest.param("lob\u2028by", id="line separator"),
        pytest.param("lob\u2029by", id="paragraph separator"),
        pytest.param("lob\ud800by", id="lone surrogate"),
        pytest.param("lob\ue000by", id="private character"),
    ],
)
def test_an_impossible_name_names_no_room(raw: str) -> None:
    with pytest.raises(RoomNameIsImpossible) as refused:
        RoomName.parse(raw)

    assert refused.value.code == "room_name_is_impossible"


@given(st.text(max_size=80))
def test_any_text_either_names_a_room_unchanged_or_is_refused_by_name(raw: str) -> None:
    try:
        name = RoomName.parse(raw)
    except RoomNameIsImpossible:
        assert not (raw.isascii() and raw.isalnum() and len(raw) <= 64)
    else:
        assert name.value == raw
        assert 1 <= len(raw) <= 64
        assert "/" not in raw
        assert "\n" not in raw


def test_a_refusal_does_not_repeat_what_a_stranger_wrote() -> None:
    with pytest.raises(RoomNameIsImpossible) as refused:
        RoomName.parse("<script>/")

    assert "script" not in refused.value.detail


@given(room_names)
def test_parsing_a_good_name_again_gives_the_same_room(name: RoomName) -> None:
    assert RoomName.parse(name.value) == name
    assert hash(RoomName.parse(name.value)) == hash(name)


def test_a_text_of_exactly_the_limit_is_taken() -> None:
    assert MessageText.parse("x" * 10, limit=10).value == "x" * 10


def test_a_text_one_over_the_limit_is_too_long() -> None:
    with pytest.raises(TextIsTooLong, match="At most 10 characters are allowed, this has 11"):
        MessageText.parse("x" * 11, limit=10)


def test_the_limit_counts_characters_not_bytes() -> None:
    assert MessageText.parse("👋" * 10, limit=10).value == "👋" * 10


@pytest.mark.parametrize(
    "raw",
    ["", " ", "\n\t ", "\u3000", "\0", "\u200b", "\u3164", "\u2800", "\ufe0f \u200d"],
    ids=ascii,
)
def test_a_blank_text_is_empty(raw: str) -> None:
    with pytest.raises(TextIsEmpty):
        MessageText.parse(raw, limit=10)


@pytest.mark.parametrize("raw", ["\ud800", "hello \udfff", "é\ud83d", "\udc4b\ud83d"])
def test_half_a_character_is_no_text(raw: str) -> None:
    with pytest.raises(TextIsNotUnicode):
        MessageText.parse(raw, limit=10)


# Every character, those included that only JSON can spell.
any_text = st.text(st.characters(exclude_categories=[]), max_size=40)


@given(any_text, st.integers(1, 30))
def test_any_text_is_kept_untouched_or_refused(raw: str, limit: int) -> None:
    try:
        text = MessageText.parse(raw, limit=limit)
    except TextIsTooLong:
        assert len(raw) > limit
    except TextIsEmpty:
        assert shows_nothing(raw)
    except TextIsNotUnicode:
        assert raw.encode(errors="replace").decode() != raw
    else:
        assert text.value == str(text) == raw
        assert raw.encode().decode() == raw
        assert len(raw) <= limit
        assert not shows_nothing(raw)


@pytest.mark.parametrize("value", [RoomName("lobby"), MessageText("hello"), Member(MemberId("m"))])
def test_a_value_never_changes(value: RoomName | MessageText | Member) -> None:
    field = dataclasses.fields(value)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, field, "other")


@pytest.mark.parametrize("raw", ["k", "0b1c-4d", "!~", "x" * 64])
def test_the_same_key_with_the_same_content_is_the_same_send(raw: str) -> None:
    assert IdempotencyKey.parse(raw, ADA, "hello") == IdempotencyKey.parse(raw, ADA, "hello")
    assert len(IdempotencyKey.parse(raw, ADA, "hello").value) == 32


@given(st.lists(st.text("ab", min_size=1, max_size=3), min_size=2, max_size=4, unique=True))
def test_another_key_another_member_or_other_content_is_another_send(parts: list[str]) -> None:
    sends = {
        IdempotencyKey.parse(parts[0], ADA, *parts[1:]),
        IdempotencyKey.parse(parts[1], ADA, parts[0], *parts[2:]),
        IdempotencyKey.parse(parts[0], ADA, "".join(parts[1:]) + "c"),
        IdempotencyKey.parse(parts[0], ADA, *parts[1:], "c"),
        IdempotencyKey.parse(parts[0], BOB, *parts[1:]),
        IdempotencyKey.parse(parts[0], MemberId("\0".join((ADA, *parts[1:])))),
        IdempotencyKey.parse(parts[0], ADA, "\0".join((*parts[1:], ""))),
    }

    assert len(sends) == 7


def test_a_key_may_be_sent_with_halves_of_characters() -> None:
    assert IdempotencyKey.parse("k", ADA, "\ud800") != IdempotencyKey.parse("k", ADA, "\ud801")


@pytest.mark.parametrize("raw", ["", "x" * 65, "a b", "ä", "a\n", "\x7f", "\ud800"], ids=ascii)
def test_a_key_that_programs_could_misread_is_impossible(raw: str) -> None:
    with pytest.raises(IdempotencyKeyIsImpossible):
        IdempotencyKey.parse(raw, ADA, "hello")
