"""Claims: what each may be, and what the settings ask of them."""

import json
from typing import Any

import pytest

from adapters.identity.claims import ClaimRules, identity_of
from domain.errors import BrokenRule, TokenIsExpired, TokenIsInvalid
from tests.doubles import BEGINNING as NOW
from tests.unit.adapters.identity.signing import ABSENT, claims

RULES = ClaimRules(leeway=10, max_lifetime=3600)


def refusal_of(rules: ClaimRules = RULES, **wrong: Any) -> str:
    with pytest.raises(TokenIsInvalid) as refused:
        identity_of(claims(**wrong), rules, NOW)
    return refused.value.detail


NO_TEXTS = [None, True, 0, 1.5, [], ["x"], {}, {"x": 1}]
NO_TIMES: list[Any] = [
    None,
    True,
    False,
    "",
    "1700000000",
    str(NOW + 60),
    [],
    [NOW],
    {},
    -1,
    -0.1,
    float("nan"),
    float("inf"),
    float("-inf"),
    10**400,
    -(10**400),
    1e300,
    1e11 + 1,
    NOW * 1000,
]


@pytest.mark.parametrize("value", NO_TIMES, ids=lambda value: str(value)[:20])
@pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
def test_a_time_is_a_number_that_can_be_a_time(claim: str, value: Any) -> None:
    assert refusal_of(**{claim: value}).startswith(f"{claim} is a number of seconds")


@pytest.mark.parametrize("claim", ["sub", "exp"])
def test_what_is_needed_has_to_be_there(claim: str) -> None:
    assert f"has no {claim}" in refusal_of(**{claim: ABSENT})


@pytest.mark.parametrize(
    "value",
    [
        *NO_TEXTS,
        "",
        "x" * 201,
        " ada",
        "ada ",
        "a\0da",
        "a\nda",
        "a\u200bda",
        "a\u202eda",
        "\ud800",
        "\ue000",
    ],
    ids=repr,
)
@pytest.mark.parametrize("claim", ["sub", "jti", "sid"])
def test_an_id_is_a_text_of_bounded_length_that_can_be_seen(claim: str, value: Any) -> None:
    assert refusal_of(**{claim: value}).startswith(f"{claim} ")


@pytest.mark.parametrize("sub", ["x" * 200, "auth0|5f7c8ec7", "CN=Ada Lovelace", "ada@x.org", "✓"])
def test_ids_of_every_issuer_are_taken_as_they_are(sub: str) -> None:
    assert identity_of(claims(sub=sub), RULES, NOW).member.id == sub


def test_no_token_names_a_visitor() -> None:
    assert "visitors" in refusal_of(sub="~ada")


# Times.


def test_numbers_may_have_fractions() -> None:
    identity = identity_of(claims(iat=NOW - 0.25, exp=NOW + 0.5), RULES, NOW)
    assert (identity.issued_at, identity.expires_at) == (NOW - 0.25, NOW + 0.5)


def test_what_is_over_is_expired_only_if_nothing_else_is_wrong() -> None:
    with pytest.raises(TokenIsExpired):
        identity_of(claims(iat=NOW - 70, exp=NOW - 10), RULES, NOW)
    # A client that fetches a new one would be given the like again.
    assert "sub" in refusal_of(iat=NOW - 70, exp=NOW - 10, sub=1)
    assert "longer than is allowed" in refusal_of(iat=NOW - 9000, exp=NOW - 10)


@pytest.mark.parametrize(("iat", "exp"), [(ABSENT, NOW + 3611), (NOW - 3600, NOW + 11), (0, NOW)])
def test_nobody_is_let_in_for_longer_than_is_allowed(iat: Any, exp: float) -> None:
    assert "longer than is allowed, 3600 s" in refusal_of(iat=iat, exp=exp)


def test_a_token_has_to_say_when_it_was_issued_only_where_that_is_asked_for() -> None:
    assert identity_of(claims(iat=ABSENT), RULES, NOW).issued_at == 0
    strict = ClaimRules(require_iat=True)
    assert "no iat" in refusal_of(strict, iat=ABSENT)
    assert identity_of(claims(iat=NOW), strict, NOW).issued_at == NOW


def test_without_leeway_the_longest_token_is_believed_to_its_last_moment() -> None:
    rules = ClaimRules(leeway=0, max_lifetime=3600)
    for now in (NOW + 0.1, NOW + 1 / 3, NOW + 0.7071):
        identity_of(claims(iat=now, exp=now + 3600), rules, now)


# Who issued it, and for whom.


@pytest.mark.parametrize("iss", [ABSENT, "", "https://issuer.example/", *NO_TEXTS])
def test_the_issuer_that_is_set_is_the_only_one(iss: Any) -> None:
    rules = ClaimRules(issuer="https://issuer.example")
    identity_of(claims(iss="https://issuer.example"), rules, NOW)
    assert refusal_of(rules, iss=iss).startswith("iss ")


def test_where_none_is_set_any_issuer_that_signs_with_the_key_will_do() -> None:
    identity_of(claims(iss="anybody"), RULES, NOW)


@pytest.mark.parametrize("aud", ["us", ["us"], ["them", "us"]])
def test_one_of_the_audiences_is_this_service(aud: Any) -> None:
    identity_of(claims(aud=aud), ClaimRules(audience="us"), NOW)


@pytest.mark.parametrize(
    "aud", [ABSENT, None, "", "them", "u", "us,them", [], ["them"], [["us"]], ["us", 1], {"us": 1}]
)
def test_a_token_for_others_is_not_taken(aud: Any) -> None:
    assert "aud" in refusal_of(ClaimRules(audience="us"), aud=aud)


@pytest.mark.parametrize("aud", ["us", ["us"], [], None, ""])
def test_a_token_for_anybody_in_particular_is_not_taken_where_no_audience_is_set(aud: Any) -> None:
    assert "aud" in refusal_of(aud=aud)


# What others see.


@pytest.mark.parametrize(
    ("info", "name"),
    [
        (ABSENT, "Someone"),
        (None, "Someone"),
        ({}, "Someone"),
        ({"name": None}, "Someone"),
        ({"name": "Ada"}, "Ada"),
        ({"name": "  Ada Lovelace\n"}, "Ada Lovelace"),
        ({"name": "Ада 👩‍🔬", "email": "not@shown.example"}, "Ада 👩‍🔬"),
        ({"name": ""}, "Someone"),
        ({"name": "x" * 65}, "Someone"),
        ({"name": "A\u202eda"}, "Someone"),
        ({"name": "\ud800"}, "Someone"),
    ],
)
def test_a_name_that_can_not_be_shown_keeps_nobody_out(info: Any, name: str) -> None:
    assert identity_of(claims(info=info), RULES, NOW).member.name == name


@pytest.mark.parametrize("info", ["Ada", 1, True, [], ["Ada"], {"name": 1}, {"name": ["Ada"]}])
def test_info_is_an_object_and_a_name_a_text(info: Any) -> None:
    assert "info" in refusal_of(info=info)


# What is allowed.


@pytest.mark.parametrize(
    "caps",
    [
        None,
        True,
        "chat",
        {},
        [None],
        ["chat"],
        [{}],
        [{"channels": ["chat"]}],
        [{"channels": "chat", "allow": ["sub"]}],
        [{"channels": ["chat"], "allow": ["admin"]}],
        [{"channels": ["chat"], "allow": [["sub"]]}],
        [{"channels": ["chat"], "allow": ["sub"]}] * 65,
    ],
    ids=lambda caps: json.dumps(caps)[:40],
)
def test_rights_that_can_not_be_read_are_not_taken_for_all(caps: Any) -> None:
    assert "caps" in refusal_of(caps=caps).lower()


def test_no_detail_repeats_a_claim() -> None:
    marked = "mark-of-the-token"
    for wrong in (
        {"sub": f"~{marked}"},
        {"sub": f"{marked}\0"},
        {"exp": marked},
        {"jti": f" {marked}"},
        {"aud": marked},
        {"info": marked},
        {"caps": [{"channels": [marked], "allow": [marked]}]},
    ):
        with pytest.raises(BrokenRule) as refused:
            identity_of(claims(**wrong), RULES, NOW)
        assert marked not in refused.value.detail
