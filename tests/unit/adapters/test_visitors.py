import re

import pytest

from adapters.visitors import COOKIE, recognise
from domain.identity import ANONYMOUS, Member

KEY, OTHER_KEY = "ab" * 16, "cd" * 16


def member_with(*cookies: str) -> Member:
    headers = [(b"cookie", cookie.encode("latin-1")) for cookie in cookies]
    return recognise(headers, secure=False).member


def test_somebody_without_a_cookie_is_given_one() -> None:
    visitor = recognise([(b"host", b"switchboard.test")], secure=False)
    assert visitor.new_cookie is not None
    assert re.fullmatch(
        rf"{COOKIE}=[0-9a-f]{{32}}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict",
        visitor.new_cookie,
    )
    assert visitor.member.recognised is False
    assert visitor.member.name == ANONYMOUS


def test_over_tls_the_cookie_stays_on_tls() -> None:
    assert (recognise([], secure=True).new_cookie or "").endswith("; Secure")


def test_everybody_new_is_somebody_else() -> None:
    members = {recognise([], secure=False).member.id for _ in range(100)}
    assert len(members) == 100


def test_whoever_brings_the_cookie_they_were_given_is_recognised_as_themselves() -> None:
    given = recognise([], secure=False)
    assert given.new_cookie is not None
    back = recognise([(b"cookie", given.new_cookie.split(";")[0].encode())], secure=False)
    assert back.member.id == given.member.id
    assert back.member.recognised is True
    assert back.new_cookie is None


def test_different_keys_are_different_members() -> None:
    assert member_with(f"{COOKIE}={KEY}").id != member_with(f"{COOKIE}={OTHER_KEY}").id


def test_a_member_s_id_does_not_give_the_key_away() -> None:
    member = member_with(f"{COOKIE}={KEY}")
    assert KEY not in member.id
    assert member.id not in KEY


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        COOKIE,
        f"{COOKIE}=",
        f"{COOKIE}=short",
        f"{COOKIE}={KEY.upper()}",
        f"{COOKIE}={KEY}0",
        f"{COOKIE}={KEY[:-1]}g",
        f"{COOKIE}=../../{KEY}",
        f"not_{COOKIE}={KEY}",
        f"other=1; {COOKIE}2={KEY}",
        "\x00\xff",
        f"{COOKIE}=\xe9\xe9",
        f"{COOKIE}={'0' * 1_000}",
    ],
)
def test_a_malformed_key_is_drawn_anew(cookie: str) -> None:
    visitor = recognise([(b"cookie", cookie.encode("latin-1"))], secure=False)
    assert visitor.member.recognised is False
    assert visitor.new_cookie is not None


@pytest.mark.parametrize(
    "cookies",
    [
        [f"{COOKIE}={KEY}"],
        [f'{COOKIE}="{KEY}"'],
        [f"theme=dark; {COOKIE}={KEY}; lang=de"],
        [f"theme=dark;{COOKIE}={KEY}"],
        ["theme=dark", f"{COOKIE}={KEY}"],
        [f'settings={{"a":1}}; {COOKIE}={KEY}'],
        [f"name=Zo\xeb; {COOKIE}={KEY}"],
        [f"a=b c; {COOKIE}={KEY}"],
        [f"flag; {COOKIE}={KEY}"],
        [f"=odd; {COOKIE}={KEY}"],
        [f"a[b]=1; {COOKIE}={KEY}"],
    ],
    ids=[
        "alone",
        "quoted",
        "between others",
        "without a space",
        "in another header",
        "after JSON",
        "after a letter with a mark",
        "after a space",
        "after a flag",
        "after a nameless one",
        "after brackets",
    ],
)
def test_a_key_is_found_beside_whatever_other_cookies_of_the_host(cookies: list[str]) -> None:
    member = member_with(*cookies)
    assert member.recognised is True
    assert member.id == member_with(f"{COOKIE}={KEY}").id


def test_other_headers_are_no_cookies() -> None:
    visitor = recognise([(b"x-cookie", f"{COOKIE}={KEY}".encode())], secure=False)
    assert visitor.member.recognised is False
