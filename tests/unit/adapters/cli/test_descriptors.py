"""The limit on file descriptors: raised as far as it goes, and told where that won't do."""

from collections.abc import Iterator

import pytest

from adapters.cli.descriptors import OTHERS, provide_descriptors
from adapters.environment import load_settings

resource = pytest.importorskip("resource", reason="Windows has no such limit")

TOO_MANY = 10**11


@pytest.fixture(autouse=True)
def low() -> Iterator[None]:
    """A soft limit that is lower than the hard one."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[0] - 1, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_limit_is_raised_to_the_hard_one(caplog: pytest.LogCaptureFixture) -> None:
    provide_descriptors(load_settings(_env_file=None, max_connections=1, http_connections=1))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft == hard
    assert caplog.messages == []


def test_what_the_settings_allow_beyond_it_is_told_once_with_what_to_do(
    caplog: pytest.LogCaptureFixture,
) -> None:
    provide_descriptors(
        load_settings(
            _env_file=None,
            max_connections=TOO_MANY,
            http_connections=1,
            backend="redis",
            redis_pool=7,
        )
    )
    needed = TOO_MANY + 1 + 7 + OTHERS
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    (message,) = caplog.messages
    assert message.startswith(f"only {limit} of {needed} file descriptors can be had: raise")
    assert f"SWITCHBOARD_HTTP_CONNECTIONS by {needed - limit} together" in message


def test_a_system_that_says_unlimited_and_takes_less_is_asked_for_what_is_needed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    unlimited = resource.RLIM_INFINITY
    held = [256]

    def set_limit(_what: int, limits: tuple[int, int]) -> None:
        if limits[0] == unlimited:
            raise ValueError("current limit exceeds maximum limit")
        held[0] = limits[0]

    monkeypatch.setattr(resource, "getrlimit", lambda _what: (held[0], unlimited))
    monkeypatch.setattr(resource, "setrlimit", set_limit)
    provide_descriptors(load_settings(_env_file=None, max_connections=900, http_connections=99))
    assert held == [999 + OTHERS]
    assert caplog.messages == []
