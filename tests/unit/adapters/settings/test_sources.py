"""Where settings come from, and which of their sources wins."""

from pathlib import Path

import pytest

from adapters.environment import load_settings
from adapters.settings import BackendName, LogFormat
from tests.unit.adapters.settings.spellings import (
    IN_BRACKETS,
    both_spellings,
    flat,
    names_of_all_settings,
    refusal_of,
    shown,
)


def test_without_any_setting_the_defaults_of_the_protocol_hold() -> None:
    settings = load_settings()
    assert settings.backend is BackendName.MEMORY
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8080)
    assert settings.sessions.send_completion is False
    assert settings.sessions.log_websocket is False
    assert settings.sessions.log_ignored_actions == {"ping", "pong"}
    assert settings.log.format is LogFormat.CONSOLE
    assert settings.server.allowed_origins == set()
    assert settings.jobs.pace == 1
    assert settings.server.per_message_deflate is False
    assert settings.redis.embedded_dir is None


# Where settings come from.


@both_spellings
def test_a_setting_is_read_with_its_prefix(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    field, value, _ = IN_BRACKETS[name]
    monkeypatch.setenv(f"SWITCHBOARD_{name}", value)
    assert shown(flat(load_settings())[field]) == value


@both_spellings
def test_a_setting_in_brackets_is_read_without_its_prefix(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    field, value, _ = IN_BRACKETS[name]
    monkeypatch.setenv(name, value)
    assert shown(flat(load_settings())[field]) == value


@both_spellings
def test_where_both_are_set_the_one_with_the_prefix_wins(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    field, value, other = IN_BRACKETS[name]
    monkeypatch.setenv(name, other)
    monkeypatch.setenv(f"SWITCHBOARD_{name}", value)
    assert shown(flat(load_settings())[field]) == value


def test_other_settings_are_read_with_their_prefix_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXT_LIMIT", "nonsense")
    monkeypatch.setenv("SWITCHBOARD_TEXT_LIMIT", "77")
    assert load_settings().limits.text_limit == 77


@both_spellings
@pytest.mark.parametrize("prefix", ["", "SWITCHBOARD_"])
def test_a_dotenv_file_is_read_in_both_spellings(
    empty_environment: Path, name: str, prefix: str
) -> None:
    field, value, _ = IN_BRACKETS[name]
    (empty_environment / ".env").write_text(f"# a comment\n{prefix}{name}={value}\n")
    assert shown(flat(load_settings())[field]) == value


@pytest.mark.parametrize(
    ("in_file", "in_environment"),
    [
        ("PORT", "PORT"),
        ("PORT", "SWITCHBOARD_PORT"),
        ("SWITCHBOARD_PORT", "PORT"),
        ("SWITCHBOARD_PORT", "SWITCHBOARD_PORT"),
    ],
)
def test_the_environment_wins_over_a_dotenv_file(
    empty_environment: Path,
    monkeypatch: pytest.MonkeyPatch,
    in_file: str,
    in_environment: str,
) -> None:
    (empty_environment / ".env").write_text(f"{in_file}=1\n")
    monkeypatch.setenv(in_environment, "2")
    assert load_settings().server.port == 2


@pytest.mark.parametrize("name", ["PORT", "SWITCHBOARD_PORT"])
def test_what_a_command_was_told_wins_over_everything(
    empty_environment: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (empty_environment / ".env").write_text(f"{name}=1\n")
    monkeypatch.setenv(name, "nonsense")
    assert load_settings(port=3).server.port == 3


def test_what_is_none_of_ours_is_left_alone(
    empty_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_environment / ".env").write_text("COMPOSE_PROJECT=x\nSWITCHBOARD_OF_LATER=1\n")
    monkeypatch.setenv("SWITCHBOARD_OF_LATER", "1")
    assert load_settings().server.port == 8080


# What is set to nothing.


NOT_EMPTY = {"HOST", "SWITCHBOARD_HOST", "SWITCHBOARD_AUTH", "SWITCHBOARD_LOG_IGNORED_ACTIONS"}


@pytest.mark.parametrize("place", ["environment", "file"])
def test_a_setting_that_is_set_to_nothing_is_not_set(
    monkeypatch: pytest.MonkeyPatch, empty_environment: Path, place: str
) -> None:
    before = load_settings()
    names = {*names_of_all_settings(), *IN_BRACKETS} - NOT_EMPTY
    assert len(names) > 80
    if place == "environment":
        for name in names:
            monkeypatch.setenv(name, "")
    else:
        (empty_environment / ".env").write_text("".join(f"{name}=\n" for name in names))
    settings = load_settings()
    assert settings == before
    assert settings.redis.model_fields_set == set()


def test_what_is_set_to_nothing_hides_no_other_place(
    monkeypatch: pytest.MonkeyPatch, empty_environment: Path
) -> None:
    (empty_environment / ".env").write_text("SWITCHBOARD_TEXT_LIMIT=9\n")
    monkeypatch.setenv("SWITCHBOARD_TEXT_LIMIT", "")
    monkeypatch.setenv("SWITCHBOARD_PORT", "")
    monkeypatch.setenv("PORT", "1234")
    settings = load_settings()
    assert (settings.limits.text_limit, settings.server.port) == (9, 1234)


@pytest.mark.parametrize("name", ["HOST", "SWITCHBOARD_HOST"])
def test_an_empty_host_is_refused_in_both_spellings(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "")
    assert refusal_of().startswith("SWITCHBOARD_HOST='' can't be used")


# Words.


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("AUTH", "anonymous,jwt"),
        ("BACKEND", "redis"),
        ("LOG_FORMAT", "json"),
        ("LOG_LEVEL", "warning"),
        ("LANE_CHAT__KIND", "durable"),
    ],
)
def test_a_choice_of_words_is_read_in_any_case(
    monkeypatch: pytest.MonkeyPatch, name: str, word: str
) -> None:
    monkeypatch.setenv("SWITCHBOARD_AUTH_SECRET", "x" * 32)
    defaults = load_settings()
    monkeypatch.setenv(f"SWITCHBOARD_{name}", word)
    expected = load_settings()
    assert expected != defaults
    for spelling in (word.upper(), word.title()):
        monkeypatch.setenv(f"SWITCHBOARD_{name}", spelling)
        assert load_settings() == expected


def test_settings_do_not_change_once_they_are_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().server.port = 1


# Lists.


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("https://a.example", {"https://a.example"}),
        ("https://a.example,https://b.example", {"https://a.example", "https://b.example"}),
        (" https://a.example , https://b.example ", {"https://a.example", "https://b.example"}),
        ("*", {"*"}),
        ("HTTPS://A.example:443/", {"https://a.example"}),
        ("", set()),
    ],
)
def test_lists_are_separated_by_commas(
    monkeypatch: pytest.MonkeyPatch, text: str, origins: set[str]
) -> None:
    monkeypatch.setenv("SWITCHBOARD_ALLOWED_ORIGINS", text)
    assert load_settings().server.allowed_origins == origins


def test_ignored_actions_can_be_replaced_and_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_LOG_IGNORED_ACTIONS", "chat,ping")
    assert load_settings().sessions.log_ignored_actions == {"chat", "ping"}
    monkeypatch.setenv("SWITCHBOARD_LOG_IGNORED_ACTIONS", "")
    assert load_settings().sessions.log_ignored_actions == set()


# What commands and tests override.


def test_an_override_that_is_no_setting_is_a_mistake_of_the_code() -> None:
    with pytest.raises(TypeError, match="text_limits"):
        load_settings(text_limits=3)


def test_no_two_settings_have_the_same_name() -> None:
    names = list(names_of_all_settings())
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("field", ["keys", "key_expiry"])
def test_the_old_name_of_a_setting_is_still_read(
    monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    monkeypatch.setenv(f"SWITCHBOARD_SEND_{field.upper()}", "7")
    assert getattr(load_settings().idempotency, field) == 7
    monkeypatch.setenv(f"SWITCHBOARD_IDEMPOTENCY_{field.upper()}", "9")
    assert getattr(load_settings().idempotency, field) == 9


def test_what_is_set_is_told_from_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().redis.model_fields_set == set()
    assert load_settings(redis_url="redis://example").redis.model_fields_set == {"url"}
    monkeypatch.setenv("REDIS_URL", "redis://example")
    assert load_settings().redis.model_fields_set == {"url"}
