import re

import pytest

from adapters.visitors import COOKIE, SECURE_COOKIE, Visitor, Visitors
from domain.identity import ANONYMOUS, Member

OURS = Visitors("a secret of ours")
KEY, OTHER_KEY = "ab" * 16, "cd" * 16
VALUE, OTHER_VALUE = OURS.signed(KEY), OURS.signed(OTHER_KEY)


def recognise(headers: list[tuple[bytes, bytes]], *, secure: bool, by: Visitors = OURS) -> Visitor:
    return by.recognise({"headers": headers, "scheme": "https" if secure else "http"})


def member_with(*cookies: str) -> Member:
    headers = [(b"cookie", cookie.encode("latin-1")) for cookie in cookies]
    return recognise(headers, secure=False).member


def test_somebody_without_a_cookie_is_given_one() -> None:
    visitor = recognise([(b"host", b"switchboard.test")], secure=False)
    assert visitor.new_cookie is not None
    assert re.fullmatch(
        rf"{COOKIE}=[0-9a-f]{{32}}\.[0-9a-f]{{32}}; Path=/; Max-Age=2592000; HttpOnly;"
        r" SameSite=Strict",
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
    assert member_with(f"{COOKIE}={VALUE}").id != member_with(f"{COOKIE}={OTHER_VALUE}").id


def test_a_member_s_id_does_not_give_the_key_away() -> None:
    member = member_with(f"{COOKIE}={VALUE}")
    assert KEY not in member.id
    assert member.id not in KEY


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        COOKIE,
        f"{COOKIE}=",
        f"{COOKIE}=short",
        f"{COOKIE}={VALUE.upper()}",
        f"{COOKIE}={VALUE}0",
        f"{COOKIE}={VALUE[:-1]}g",
        f"{COOKIE}=../../{VALUE}",
        f"not_{COOKIE}={VALUE}",
        f"other=1; {COOKIE}2={VALUE}",
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
        [f"{COOKIE}={VALUE}"],
        [f'{COOKIE}="{VALUE}"'],
        [f"theme=dark; {COOKIE}={VALUE}; lang=de"],
        [f"theme=dark;{COOKIE}={VALUE}"],
        ["theme=dark", f"{COOKIE}={VALUE}"],
        [f'settings={{"a":1}}; {COOKIE}={VALUE}'],
        [f"name=Zo\xeb; {COOKIE}={VALUE}"],
        [f"a=b c; {COOKIE}={VALUE}"],
        [f"flag; {COOKIE}={VALUE}"],
        [f"=odd; {COOKIE}={VALUE}"],
        [f"a[b]=1; {COOKIE}={VALUE}"],
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
    assert member.id == member_with(f"{COOKIE}={VALUE}").id


def test_other_headers_are_no_cookies() -> None:
    visitor = recognise([(b"x-cookie", f"{COOKIE}={VALUE}".encode())], secure=False)
    assert visitor.member.recognised is False


# What somebody else has planted.


def brought(visitor: Visitor) -> str:
    """What a browser sends back of the cookie that it was given."""
    assert visitor.new_cookie is not None
    return visitor.new_cookie.partition(";")[0]


@pytest.mark.parametrize(
    "value",
    [
        KEY,
        f"{KEY}.{'0' * 32}",
        f"{KEY}.{VALUE[33:64]}{'1' if VALUE[64] == '0' else '0'}",
        f"{OTHER_KEY}.{VALUE[33:]}",
        Visitors("another secret").signed(KEY),
    ],
    ids=["unsigned", "no signature", "nearly signed", "signed for another", "signed by another"],
)
def test_a_key_that_we_did_not_sign_is_not_believed(value: str) -> None:
    visitor = recognise([(b"cookie", f"{COOKIE}={value}".encode())], secure=False)
    assert visitor.member.recognised is False
    assert visitor.new_cookie is not None


def test_over_tls_the_cookie_is_one_that_only_this_host_can_set() -> None:
    cookie = recognise([], secure=True).new_cookie or ""
    assert cookie.startswith(f"__Host-{COOKIE}=")
    parts = set(cookie.split("; ")[1:])
    assert {"Secure", "Path=/", "HttpOnly", "SameSite=Strict"} <= parts
    assert not any(part.startswith("Domain") for part in parts)
    back = recognise([(b"cookie", brought(recognise([], secure=True)).encode())], secure=True)
    assert back.member.recognised is True


def test_over_tls_a_cookie_that_any_host_can_set_is_not_believed() -> None:
    planted = [(b"cookie", f"{COOKIE}={VALUE}".encode())]
    assert recognise(planted, secure=True).member.recognised is False
    both = [(b"cookie", f"{COOKIE}={OTHER_VALUE}; {SECURE_COOKIE}={VALUE}".encode())]
    assert recognise(both, secure=True).member.id == member_with(f"{COOKIE}={VALUE}").id


@pytest.mark.parametrize("between", ["; ", "; other=1; "])
def test_of_two_keys_that_we_signed_none_is_believed(between: str) -> None:
    cookies = f"{COOKIE}={VALUE}{between}{COOKIE}={OTHER_VALUE}"
    assert member_with(cookies).recognised is False
    assert member_with(f"{COOKIE}={VALUE}{between}{COOKIE}={VALUE}").recognised is True
    assert member_with(f"{COOKIE}={'0' * 32}{between}{COOKIE}={VALUE}").recognised is True


def test_servers_with_one_secret_know_each_other_s_visitors() -> None:
    given = Visitors("shared").recognise({"headers": []})
    back = recognise([(b"cookie", brought(given).encode())], secure=False, by=Visitors("shared"))
    assert back.member.id == given.member.id


def test_without_a_secret_each_draws_its_own() -> None:
    assert Visitors("").signed(KEY) != Visitors("").signed(KEY)
