"""What of Unicode 17.0 shows, and what may stand in a name.

By code points, not by `unicodedata`: each Python ships tables of another Unicode (3.11: 14.0, 3.14:
16.0), and servers must not differ over a room. Code points that are not assigned yet are allowed,
but for those that the standard has set aside for characters that show nothing.
Sources: PropList.txt (White_Space, Noncharacter_Code_Point), DerivedCoreProperties.txt
(Default_Ignorable_Code_Point, which holds all Bidi_Control), UTS 51 (emoji), RFC 5892 (joiners).
"""

import re

WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)

_BREAKS = "\0-\x1f\x7f-\x9f\u2028\u2029"

_IGNORABLE = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)

_BLANK = "\u2800\ufff9-\ufffb\U00013430-\U0001343f\U00016fe4\U0001d159"
"""Not ignorable by the standard, and yet nothing to see: an empty Braille cell, marks of
annotations, joiners of hieroglyphs, a filler, a musical note without a head."""

_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)

_HIDDEN = _BREAKS + _IGNORABLE + _BLANK + _NONCHARACTERS

_HALVES = "\ud800-\udfff"

_PRIVATE = "\ue000-\uf8ff\U000f0000-\U0010ffff"
"""Whatever a font makes of them."""

_JOINED = f"[^{_HIDDEN}{WHITE_SPACE}{_HALVES}{_PRIVATE}\0-\u058f\u1e00-\u1fff\uff01-\uff5e]"
"""Emoji and letters of scripts that joiners mean something to. Among Latin, Greek and Cyrillic ones
a joiner would only make a second name that looks the same."""

_VARIANTS = "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"

_VIRAMAS = "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca"
"""After them a joiner shapes the letter before it, also at the end of a word."""

_SPELLING = re.compile(
    rf"(?<={_JOINED})[{_VARIANTS}]"
    rf"|(?:(?<={_JOINED})|(?<=[{_VARIANTS}]))[\u200c\u200d](?={_JOINED})"
    rf"|(?<=[{_VIRAMAS}])[\u200c\u200d]"
    rf"|(?<=[0-9#*])\ufe0f(?=\u20e3)"  # keycaps
    rf"|(?<=[\xa9\xae])\ufe0f"
    # The flags of England, Scotland and Wales.
    rf"|(?<=\U0001f3f4)[\U000e0030-\U000e0039\U000e0061-\U000e007a]{{3,6}}\U000e007f"
)
"""Characters that show nothing themselves, where they belong to the spelling of others."""

_IMPOSSIBLE = re.compile(f"[{_HIDDEN}{_HALVES}{_PRIVATE}]")

_NOTHING = re.compile(f"[{_HIDDEN}{WHITE_SPACE}]*")


def shows_nothing(text: str) -> bool:
    """Whether nobody would see anything of it, as of the empty text."""
    return _NOTHING.fullmatch(text) is not None


def can_be_name(text: str) -> bool:
    """Whether all in it can be seen, or belongs to the spelling of what can, in any script and in
    emoji. Spaces are for the caller to judge."""
    return not _IMPOSSIBLE.search(_SPELLING.sub("", text))
