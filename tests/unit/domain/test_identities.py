"""Identities: how they are renewed, named and revoked."""

from dataclasses import replace

import pytest

from domain.capabilities import Right
from domain.errors import MemberChanged, MemberNameIsImpossible, RevocationIsImpossible
from domain.identity import (
    NOBODY,
    OPERATOR,
    VISITOR_MARK,
    Caller,
    Identity,
    Member,
    MemberId,
    member_name,
)
from domain.revocations import Revocation, targets_of

ADA = Member(MemberId("ada"), "Ada", recognised=True)
TOKEN = Identity(ADA, has_token=True, issued_at=100, expires_at=200, token_id="t1", login="s1")
VISITOR = Identity(Member(MemberId(f"{VISITOR_MARK}1")), issued_at=100)


@pytest.mark.parametrize("raw", ["Ada", "Grüße", "日本語", "👨‍👩‍👧", "O'Neil", "x" * 64, "a b"])
def test_what_shows_can_be_a_members_name(raw: str) -> None:
    assert member_name(raw) == raw


@pytest.mark.parametrize(
    "raw", ["", " ", " Ada", "Ada ", "x" * 65, "A\nda", "\u200b", "\u202eada", "a\ud800", "\u2800"]
)
def test_what_shows_nothing_or_misleads_can_not(raw: str) -> None:
    with pytest.raises(MemberNameIsImpossible):
        member_name(raw)


def test_a_visitor_may_choose_its_name_and_stays_the_same_member() -> None:
    named = VISITOR.called("Ada")

    assert (named.member.id, named.member.name) == (VISITOR.member.id, "Ada")
    assert named.capabilities == VISITOR.capabilities


def test_a_member_with_a_token_is_called_as_the_token_says() -> None:
    with pytest.raises(MemberChanged):
        TOKEN.called("Eve")


def test_a_visitor_becomes_whom_its_first_token_names() -> None:
    assert VISITOR.renewed(TOKEN) is TOKEN
    assert NOBODY.renewed(TOKEN) is TOKEN


@pytest.mark.parametrize("issued_at", [100, 101])
def test_a_token_is_renewed_by_one_that_is_no_older(issued_at: float) -> None:
    newer = replace(TOKEN, issued_at=issued_at)

    assert TOKEN.renewed(newer) is newer


def test_nobody_takes_over_a_connection() -> None:
    with pytest.raises(MemberChanged):
        TOKEN.renewed(replace(TOKEN, member=Member(MemberId("eve")), issued_at=150))


def test_an_older_token_brings_back_no_rights() -> None:
    with pytest.raises(MemberChanged):
        TOKEN.renewed(replace(TOKEN, issued_at=99))


def test_nobody_has_no_rights_and_no_name_of_a_member() -> None:
    assert not any(NOBODY.capabilities.allow("chat", right) for right in Right)
    assert not targets_of(NOBODY)


def test_no_token_can_name_the_operator() -> None:
    assert OPERATOR.member.id.startswith(VISITOR_MARK)
    assert Caller(OPERATOR).member is OPERATOR.member


@pytest.mark.parametrize("target", ["sub:ada", "sid:s1", "jti:t1"])
def test_a_revocation_ends_what_was_issued_before(target: str) -> None:
    assert Revocation.parse(target, 100.5).covers(TOKEN)
    assert not Revocation.parse(target, 100).covers(TOKEN)


@pytest.mark.parametrize("target", ["sub:eve", "sid:t1", "jti:s1", "sub:Ada", "sub:ad"])
def test_a_revocation_ends_nobody_else(target: str) -> None:
    assert not Revocation.parse(target, 1_000).covers(TOKEN)


def test_whoever_has_no_login_and_no_token_id_is_reached_as_a_member() -> None:
    assert targets_of(VISITOR) == (f"sub:{VISITOR_MARK}1",)


@pytest.mark.parametrize(
    "target",
    ["", "ada", "sub:", "sub", "member:ada", "SUB:ada", "sub:a\n", "sub:\x7f", "sub:" + "x" * 300],
)
def test_what_names_nobody_is_no_target(target: str) -> None:
    with pytest.raises(RevocationIsImpossible):
        Revocation.parse(target, 0)
