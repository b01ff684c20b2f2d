"""Tokens that are refused before their time, all of one member, one login, or one token."""

import re
from dataclasses import dataclass
from typing import Self

from domain.errors import RevocationIsImpossible
from domain.identity import Identity

TARGET_LENGTH = 300

_TARGET = re.compile(r"(sub|sid|jti):[^\0-\x1f\x7f\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Revocation:
    """Whatever was issued before `issued_before` (seconds since 1970) for `target`: the member
    sub:ID, the login sid:ID, the token jti:ID."""

    target: str
    issued_before: float

    @classmethod
    def parse(cls, target: str, issued_before: float) -> Self:
        """Raise `RevocationIsImpossible` for what names nobody."""
        if len(target) > TARGET_LENGTH or not _TARGET.fullmatch(target):
            raise RevocationIsImpossible(
                f"A target is sub:ID, sid:ID or jti:ID, of at most {TARGET_LENGTH} characters."
            )
        return cls(target, issued_before)

    def covers(self, identity: Identity) -> bool:
        return self.target in targets_of(identity) and identity.issued_at < self.issued_before


def targets_of(identity: Identity) -> tuple[str, ...]:
    """The targets whose revocation ends this identity."""
    named = (("sub", identity.member.id), ("sid", identity.login), ("jti", identity.token_id))
    return tuple(f"{kind}:{name}" for kind, name in named if name)
