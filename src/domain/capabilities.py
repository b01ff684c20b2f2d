"""What somebody may do, and on which channels: a pure value with one question.

Source of the rules: `docs/protocol.md`, "Who you are".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Self

from domain.errors import CapabilitiesAreImpossible

GRANTS = 64
"""So many a token may hold."""
CHANNELS = 64
"""So many patterns a grant may hold: with `GRANTS` it bounds what one question costs."""
PATTERN_LENGTH = 200

ANY = "*"


class Right(StrEnum):
    SUBSCRIBE = "sub"
    PUBLISH = "pub"
    PRESENCE = "prs"
    HISTORY = "hst"


@dataclass(frozen=True, slots=True)
class Grant:
    """The rights of `allow` on every channel that one of the patterns in `channels` matches.

    Channels and patterns have segments between colons. `*` stands for any one segment; at the
    end, for the rest, which is one segment at least.
    """

    channels: tuple[str, ...]
    allow: frozenset[Right]

    def covers(self, channel: str) -> bool:
        return _is_covered(channel, self.channels)

    @classmethod
    def parse(cls, raw: Any) -> Self:
        """Raise `CapabilitiesAreImpossible` for what isn't {channels: […], allow: […]}."""
        if not isinstance(raw, Mapping):
            raise CapabilitiesAreImpossible("Each of caps is an object.")
        channels = _texts(raw.get("channels"), "channels")
        if any(not 0 < len(pattern) <= PATTERN_LENGTH for pattern in channels):
            raise CapabilitiesAreImpossible(
                f"A channel in caps has 1 to {PATTERN_LENGTH} characters."
            )
        allow = _texts(raw.get("allow"), "allow")
        if not set(allow) <= set(Right):
            raise CapabilitiesAreImpossible(f"Rights in caps are {', '.join(Right)}.")
        return cls(tuple(channels), frozenset(map(Right, allow)))


@dataclass(frozen=True, slots=True)
class Capabilities:
    """A union of grants, which only adds; without any (`None`), everything that a member may do."""

    grants: tuple[Grant, ...] | None = None

    def allow(self, channel: str, right: Right) -> bool:
        """Whether `right` is given on `channel`, such as room:lobby."""
        if self.grants is None:
            return True
        return any(right in grant.allow and grant.covers(channel) for grant in self.grants)

    @classmethod
    def parse(cls, raw: Any) -> Self:
        """The claim `caps`, None if there is none; raises `CapabilitiesAreImpossible`."""
        if raw is None:
            return cls()
        if not isinstance(raw, list) or len(raw) > GRANTS:
            raise CapabilitiesAreImpossible(f"caps is a list of at most {GRANTS} objects.")
        return cls(tuple(Grant.parse(each) for each in raw))

    def claim(self) -> list[dict[str, list[str]]] | None:
        """What `parse` makes the same of."""
        if self.grants is None:
            return None
        return [
            {"channels": list(grant.channels), "allow": sorted(grant.allow)}
            for grant in self.grants
        ]


EVERYTHING = Capabilities()
NOTHING = Capabilities(())


@lru_cache(maxsize=4096)
def _is_covered(channel: str, patterns: Sequence[str]) -> bool:
    # It is asked for each message, and few tokens speak on few channels at a time.
    segments = channel.split(":")
    return any(_matches(pattern.split(":"), segments) for pattern in patterns)


def _matches(pattern: Sequence[str], segments: Sequence[str]) -> bool:
    if pattern[-1] == ANY:
        # The rest: as many segments as there are, from this place on.
        if len(segments) < len(pattern):
            return False
        pattern, segments = pattern[:-1], segments[: len(pattern) - 1]
    return len(pattern) == len(segments) and all(
        wanted in (ANY, segment) for wanted, segment in zip(pattern, segments, strict=True)
    )


def _texts(raw: Any, name: str) -> list[str]:
    if not isinstance(raw, list) or not 0 < len(raw) <= CHANNELS:
        raise CapabilitiesAreImpossible(f"{name} in caps is a list of 1 to {CHANNELS} texts.")
    if not all(isinstance(each, str) for each in raw):
        raise CapabilitiesAreImpossible(f"{name} in caps holds texts.")
    return raw
