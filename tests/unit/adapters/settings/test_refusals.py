"""What is refused: wrong values, in one line that says which and what is allowed."""

import re
from pathlib import Path
from typing import Any

import pytest

from adapters.environment import load_settings
from application.job_ports import LISTED_BACK
from tests.unit.adapters.settings.spellings import flat, names_of_all_settings, refusal_of

WRONG = [
    ("BACKEND", "postgres", "'memory' or 'redis'"),
    ("PORT", "eighty", "valid integer"),
    ("PORT", "65536", "less than or equal to 65535"),
    ("PORT", "-1", "greater than or equal to 0"),
    ("SEND_COMPLETION", "perhaps", "boolean"),
    ("LOG_WEBSOCKET", "2", "boolean"),
    ("LOG_FORMAT", "xml", "'console' or 'json'"),
    ("LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
    ("JOB_PACE", "-1", "greater than or equal to 0"),
    ("JOB_PACE", "101", "less than or equal to 100"),
    ("JOB_PACE", "nan", "finite number"),
    ("MAX_CONNECTIONS", "0", "greater than or equal to 1"),
    ("MAX_FRAME_BYTES", "100", "greater than or equal to 1024"),
    ("FRAMES_PER_SECOND", "0", "greater than 0"),
    ("MAILBOX_FRAMES", "1", "greater than or equal to 8"),
    ("SEND_TIMEOUT", "0", "greater than 0"),
    ("DRAIN_SECONDS", "soon", "valid number"),
    ("JOB_SLOTS", "1.5", "valid integer"),
    ("JOB_LISTED", str(LISTED_BACK + 1), f"less than or equal to {LISTED_BACK}"),
    ("LANE_QUEUE__CAPACITY", "-1", "greater than or equal to 0"),
    ("LANE_QUEUE__CAPACITY", "many", "valid integer"),
    ("LANE_QUEUE__GROUP_BYTES", "1023", "greater than or equal to 1024"),
    ("LANE_QUEUE__KIND", "eternal", "'ephemeral' or 'durable'"),
    (
        "LANE_CHAT__PREFIX",
        "Not Good",
        '1 to 32 letters from a to z, digits, "_" and "-" are allowed',
    ),
    ("LANE_CHAT", "nonsense", "by its options, such as SWITCHBOARD_LANE_CHAT__CAPACITY"),
    ("ALLOWED_HOSTS", "https://example.org", "'https://example.org' is no host's name"),
    ("ALLOWED_HOSTS", "example.org:8080", "no scheme, port or path"),
    ("ALLOWED_HOSTS", "example.org/chat", "no scheme, port or path"),
    ("ALLOWED_HOSTS", "a.example,*.example.org", "'*.example.org'"),
    ("HOST", "", "an address is needed, such as 127.0.0.1"),
    ("PORT", "1e3.5", "valid integer"),
    ("MAX_CONNECTIONS", "1e3", "valid integer"),
    ("SEND_TIMEOUT", "1e400", "finite number"),
    ("REDIS_POOL", "10001", "less than or equal to 10000"),
    ("REDIS_PREFIX", "a b", '1 to 64 letters from A to Z, digits, "_", "." and "-" are allowed'),
    ("ALLOWED_ORIGINS", "https://a.example,example.org", "'example.org' has no scheme"),
    ("ALLOWED_ORIGINS", "null", "every page without an origin"),
    ("LOG_IGNORED_ACTIONS", "ping pong", "separated by commas"),
    ("LOG_IGNORED_ACTIONS", '["ping"]', "separated by commas"),
    ("AUTH", "foo", "'anonymous' or 'jwt'"),
    ("AUTH", "", "at least one of anonymous, jwt"),
    ("AUTH", ",", "at least one of anonymous, jwt"),
    ("AUTH_JWKS", "http://issuer.example/keys", "begins with https://"),
    ("AUTH_JWKS", "/no/such/file", "no such file"),
    ("AUTH_LEEWAY", "301", "less than or equal to 300"),
    ("AUTH_MAX_LIFETIME", "0", "greater than or equal to 1"),
]


@pytest.mark.parametrize(("name", "value", "allowed"), WRONG)
def test_a_wrong_value_is_refused_in_one_line_that_says_which_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, allowed: str
) -> None:
    monkeypatch.setenv(f"SWITCHBOARD_{name}", value)
    line = refusal_of()
    assert len(line.splitlines()) == 1
    assert line.startswith(f"SWITCHBOARD_{name}={value!r}")
    assert allowed in line


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, value, _ in WRONG])
def test_no_refusal_speaks_of_patterns_or_classes(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"SWITCHBOARD_{name}", value)
    reason = refusal_of().partition("can't be used: ")[2]
    assert not re.search(r"pattern|\^|instance of|[a-z][A-Z]", reason)


@pytest.mark.parametrize("length", [1, 31])
def test_a_secret_that_is_too_short_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    monkeypatch.setenv("SWITCHBOARD_VISITOR_SECRET", "Q" * length)
    line = refusal_of()
    assert line.startswith("SWITCHBOARD_VISITOR_SECRET can't be used: at least 32 characters")
    assert "`openssl rand -hex 32`" in line
    assert "Q" not in line


def test_a_secret_that_is_long_enough_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_VISITOR_SECRET", "Q" * 32)
    assert load_settings().server.visitor_secret == "Q" * 32


def test_a_wrong_value_under_a_name_in_brackets_is_refused_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PORT", "eighty")
    line = refusal_of()
    assert "PORT='eighty'" in line
    assert len(line.splitlines()) == 1


def test_a_wrong_value_in_a_dotenv_file_is_refused_too(empty_environment: Path) -> None:
    (empty_environment / ".env").write_text("SWITCHBOARD_TEXT_LIMIT=none\n")
    assert refusal_of().startswith("SWITCHBOARD_TEXT_LIMIT='none'")


def test_a_wrong_value_that_a_command_was_told_is_refused_too() -> None:
    assert refusal_of(port=70_000).startswith("SWITCHBOARD_PORT='70000'")


def test_every_wrong_value_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_PORT", "x")
    monkeypatch.setenv("SWITCHBOARD_BACKEND", "y")
    monkeypatch.setenv("SWITCHBOARD_LANE_JOBS__EXPIRY", "z")
    names = {line.partition("=")[0] for line in refusal_of().splitlines()}
    assert names == {
        "SWITCHBOARD_PORT",
        "SWITCHBOARD_BACKEND",
        "SWITCHBOARD_LANE_JOBS__EXPIRY",
    }


def test_no_number_is_so_large_that_a_timer_or_redis_could_not_hold_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    numbers = [
        name for name in names_of_all_settings() if isinstance(default_of(name), int | float)
    ]
    assert len(numbers) > 50
    for name in numbers:
        monkeypatch.setenv(name, "1" + "0" * 18)
    lines = refusal_of().splitlines()
    assert sorted(line.partition("=")[0] for line in lines) == sorted(numbers)


def default_of(name: str) -> Any:
    first, _, option = name.removeprefix("SWITCHBOARD_").lower().partition("__")
    value = flat(load_settings())[first]
    return getattr(value, option) if option else value


def test_two_lanes_can_not_share_a_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_LANE_ROOMS__PREFIX", "chat")
    assert refusal_of() == (
        "SWITCHBOARD_LANE_CHAT__PREFIX and SWITCHBOARD_LANE_ROOMS__PREFIX can't both be 'chat'."
    )


SECRETS = [
    ("AUTH_SECRET", "hunter2"),
    ("AUTH_SECRET", "-----BEGIN PUBLIC KEY-----hunter2-----END PUBLIC KEY-----"),
    ("AUTH_SECRET", "ssh-ed25519 hunter2hunter2hunter2hunter2"),
    ("AUTH_SECRET", '{"kty": "oct", "k": "hunter2hunter2hunter2hunter2"}'),
    ("API_KEYS", "hunter2"),
    ("API_KEYS", "long-enough-a-key,hunter2"),
    ("API_KEYS", "hunter2 with spaces"),
]


@pytest.mark.parametrize(("name", "value"), SECRETS)
def test_a_wrong_secret_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"SWITCHBOARD_{name}", value)
    line = refusal_of()
    assert line.startswith(f"SWITCHBOARD_{name} can't be used: ")
    assert "hunter2" not in line
    assert len(line.splitlines()) == 1


def test_a_wrong_one_of_several_is_named_by_the_setting_that_it_stands_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SWITCHBOARD_AUTH", "anonymous,foo")
    assert refusal_of().startswith("SWITCHBOARD_AUTH='foo' can't be used: ")


@pytest.mark.parametrize(
    "given",
    [
        {"auth_secret": "hunter2" * 5},
        {"api_keys": "hunter2hunter2"},
        {"visitor_secret": "hunter2" * 5},
        {"redis_url": "redis://:hunter2@example"},
    ],
    ids=lambda given: next(iter(given)),
)
def test_secrets_are_not_shown_where_settings_are(given: dict[str, str]) -> None:
    settings = load_settings(**given)
    assert "hunter2" in str(flat(settings)[next(iter(given))])
    assert "hunter2" not in repr(settings)


def test_who_issues_tokens_has_to_be_said_and_only_once(
    monkeypatch: pytest.MonkeyPatch, empty_environment: Path
) -> None:
    monkeypatch.setenv("SWITCHBOARD_AUTH", "jwt")
    assert "needs SWITCHBOARD_AUTH_SECRET or SWITCHBOARD_AUTH_JWKS" in refusal_of()
    (empty_environment / "keys.json").write_text("{}")
    monkeypatch.setenv("SWITCHBOARD_AUTH_JWKS", "keys.json")
    assert load_settings().auth.takes_tokens
    monkeypatch.setenv("SWITCHBOARD_AUTH_SECRET", "hunter2" * 5)
    assert "are both set" in refusal_of()
    assert "hunter2" not in refusal_of()


def test_a_key_that_applications_send_signs_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_AUTH_SECRET", "hunter2" * 5)
    monkeypatch.setenv("SWITCHBOARD_API_KEYS", "another-key," + "hunter2" * 5)
    assert "SWITCHBOARD_AUTH_SECRET is one of SWITCHBOARD_API_KEYS" in refusal_of()
    assert "hunter2" not in refusal_of()


def test_a_very_long_wrong_value_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_PORT", "x" * 10_000)
    assert len(refusal_of()) < 300
