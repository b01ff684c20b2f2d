"""What shows, and what may stand in a name: the same on every Python."""

import hashlib
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.analytics import AnalyticsEvent
from domain.characters import WHITE_SPACE, can_be_name, shows_nothing
from domain.errors import EventIsImpossible, RoomNameIsImpossible
from domain.identity import RoomName

NAMES = {
    "a family": "👨‍👩‍👧",
    "the rainbow flag": "🏳️‍🌈",
    "a pirate's flag": "🏴‍☠️",
    "the flag of Wales": "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
    "a skin tone and a job": "🧑🏽‍⚕️",
    "a keycap": "1️⃣",
    "a sign among letters": "©️ and ™️",
    "a heart": "❤️",
    "Persian": "می‌خواهم",
    "Sinhala": "ශ්‍රී",
    "Malayalam with a joiner at the end": "അവന്‍",
    "Arabic with vowels": "اَلسَّلَامُ",
    "a variant of an ideograph": "葛\U000e0100",
    "a variant of a Mongolian letter": "ᠠ᠋",
    "an accent of its own": "e\u0301",
    "a wide space inside": "日本　語",
    "newer than Python 3.11": "🫨",
    "newer than Python 3.14": "\U0001fac8",
    "not assigned yet": "\u0378\U0003fffd",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_joiners_and_variants_may_spell_a_name(name: str) -> None:
    assert RoomName.parse(name).value == name


ZWJ, ZWNJ, VS16, TAG = "\u200d", "\u200c", "\ufe0f", "\U000e0067"

IMPOSSIBLE = {
    "a joiner alone": ZWJ,
    "a variant alone": VS16,
    "a joiner at the end": f"👨{ZWJ}",
    "a joiner at the beginning": f"{ZWJ}👨",
    "two joiners": f"👨{ZWJ}{ZWJ}👩",
    "two kinds of joiners": f"👨{ZWJ}{ZWNJ}👩",
    "two variants": f"❤{VS16}{VS16}",
    "a joiner before a space": f"👨{ZWJ} 👩",
    "a joiner among Latin letters": f"lob{ZWJ}by",
    "a joiner among accented letters": f"é{ZWNJ}ế{ZWNJ}é",
    "a joiner among Greek letters": f"ἀ{ZWNJ}ἀ",
    "a variant of a Latin letter": f"lobby{VS16}",
    "a variant of a digit that is no keycap": f"1{VS16}",
    "a tag without a flag": f"lobby{TAG * 3}\U000e007f",
    "a flag without an end": f"🏴{TAG * 3}",
    "a space of no width": "lob\u200bby",
    "a filler": "\u3164",
    "half a filler": "\uffa0",
    "a blank of Braille": "\u2800",
    "a soft hyphen": "lob\xadby",
    "a grapheme joiner": "lob\u034fby",
    "a mark of direction": "lob\u200fby",
    "an isolate": "\u2067lobby\u2069",
    "an embedding": "\u202alobby",
    "a mark of byte order": "\ufefflobby",
    "no character": "lobby\uffff",
    "no character of another plane": "lobby\U0001fffe",
    "a control": "lobby\x9b",
    "a private character of another plane": "lobby\U000f0000",
}


@pytest.mark.parametrize("name", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_nothing_invisible_hides_in_a_name(name: str) -> None:
    with pytest.raises(RoomNameIsImpossible, match="invisible"):
        RoomName.parse(name)


@pytest.mark.parametrize("name", [" ", "\u200b", "\u3164", "\u2800\ufe0f"], ids=ascii)
def test_an_event_whose_name_shows_nothing_has_none(name: str) -> None:
    with pytest.raises(EventIsImpossible, match="needs a name"):
        AnalyticsEvent.parse(name, None, limit=100)


any_text = st.text(st.characters(exclude_categories=[]), max_size=40)
hidden = st.text(
    st.sampled_from(f"{WHITE_SPACE}\0\x7f\x9f\xad{ZWJ}{ZWNJ}{VS16}{TAG}\u200b\u3164\u2800\ufeff")
)


@given(hidden)
def test_what_is_made_of_hidden_characters_alone_shows_nothing(text: str) -> None:
    assert shows_nothing(text)
    assert not shows_nothing(f"{text}x{text}")


@given(any_text)
def test_a_name_shows_something(text: str) -> None:
    assert not (text.strip(WHITE_SPACE) and can_be_name(text) and shows_nothing(text))


@given(any_text, any_text)
def test_two_names_in_a_row_are_a_name(one: str, two: str) -> None:
    if can_be_name(one) and can_be_name(two):
        assert can_be_name(f"{one} {two}")


@given(st.text(st.characters(categories=["L", "N", "P"], max_codepoint=0x17F), min_size=1), hidden)
def test_no_hidden_character_makes_a_second_name_of_latin_letters(text: str, mark: str) -> None:
    mark = mark.strip(WHITE_SPACE)
    assert can_be_name(text)
    assert not mark or not can_be_name(f"{text}{mark}{text}")


def test_every_python_decides_alike_on_every_character() -> None:
    verdicts = bytes(
        can_be_name(chr(point)) << 1 | shows_nothing(chr(point))
        for point in range(sys.maxunicode + 1)
    )
    digest = hashlib.sha256(verdicts).hexdigest()
    assert digest == "0d0d417f06082c2ef1fc1027c16df8ebd385ce5652d8c0e04acfda9cead2fda9"
