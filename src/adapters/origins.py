"""Origins of web pages, as browsers write them in `Origin`."""

import re

DEFAULT_PORTS = {"http": ":80", "https": ":443"}
"""Browsers leave these out."""

LAST_PORT = 65535

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([1-9]\d{0,4}))?")


def canonical(origin: str) -> str:
    """The one spelling of an origin: in small letters, without the default port."""
    text = origin.strip().lower().removesuffix("/")
    return text.removesuffix(DEFAULT_PORTS.get(text.partition("://")[0], ""))


def parse_origin(text: str) -> str:
    """An origin in its canonical spelling; raises `ValueError` for what no browser sends."""
    origin = canonical(text)
    if origin == "null":
        raise ValueError(
            "'null' is what every page without an origin sends, whoever wrote it; * lets all in"
        )
    if "*" in origin:
        raise ValueError(f"{_cut(text)} has a wildcard: list each origin, or write * alone for all")
    if "://" not in text:
        raise ValueError(f"{_cut(text)} has no scheme, such as https://example.org")
    if origin.startswith(("ws:", "wss:", "file:")):
        raise ValueError(f"{_cut(text)} is no page's origin: those begin with https:// or http://")
    if not origin.isascii():
        raise ValueError(f"{_cut(text)}: browsers write such a host in ASCII, as xn--…")
    parts = _ORIGIN.fullmatch(origin)
    if parts is None or int(parts[2] or 0) > LAST_PORT:
        raise ValueError(f"{_cut(text)} is not SCHEME://HOST or SCHEME://HOST:PORT, without a path")
    return origin


def _cut(text: str) -> str:
    return repr(text[:80])
