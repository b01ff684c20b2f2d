"""Origins: which are understood, how they are compared, and what is said of others."""

import re

import pytest

from adapters.origins import canonical, parse_origin


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://a.example", "https://a.example"),
        ("HTTPS://A.Example/", "https://a.example"),
        ("https://a.example:443", "https://a.example"),
        ("http://a.example:80/", "http://a.example"),
        ("http://a.example:443", "http://a.example:443"),
        ("https://a.example:8443", "https://a.example:8443"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("http://[::1]:80", "http://[::1]"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("chrome-extension://abcdef", "chrome-extension://abcdef"),
    ],
)
def test_an_origin_is_read_as_browsers_write_it(text: str, origin: str) -> None:
    assert parse_origin(text) == origin == canonical(text)
    assert parse_origin(origin) == origin


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("example.org", "'example.org' has no scheme, such as https://example.org"),
        ("localhost:3000", "has no scheme"),
        ("https://*.example.org", "has a wildcard: list each origin"),
        ("https://*", "has a wildcard"),
        ("https://a.example/app", "without a path"),
        ("https://a.example//", "without a path"),
        ("https://a.example?x", "without a path"),
        ("https://user@a.example", "SCHEME://HOST"),
        ("https://", "SCHEME://HOST"),
        ("https://a b", "SCHEME://HOST"),
        ("https://a.example:0", "SCHEME://HOST"),
        ("https://a.example:65536", "SCHEME://HOST"),
        ("https://a.example:port", "SCHEME://HOST"),
        ('["https://a.example"]', "SCHEME://HOST"),
        ("wss://a.example", "is no page's origin"),
        ("file:///tmp", "is no page's origin"),
        ("https://bücher.example", "in ASCII"),
        ("null", "every page without an origin"),
    ],
)
def test_what_no_page_s_browser_sends_is_refused_with_the_reason(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)) as wrong:
        parse_origin(text)
    assert "\n" not in str(wrong.value)
