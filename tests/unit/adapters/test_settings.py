import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import AliasChoices

from adapters.environment import GROUPS, SettingsAreWrong, flat_name, load_settings
from adapters.lane_table import LANES, LaneKind
from adapters.settings import BackendName, LogFormat, Settings

EXAMPLE = Path(__file__).parents[3] / ".env.example"

IN_BRACKETS = {
    "REDIS_URL": ("redis_url", "redis://example:1/2", "redis://other:1/2"),
    "HOST": ("host", "0.0.0.1", "0.0.0.2"),
    "PORT": ("port", "1234", "4321"),
    "SEND_COMPLETION": ("send_completion", "true", "false"),
    "BACKEND": ("backend", "redis", "memory"),
    "LOG_WEBSOCKET": ("log_websocket", "true", "false"),
    "JOB_PACE": ("job_pace", "0.5", "2.5"),
    "EMBEDDED_REDIS_DIR": ("embedded_redis_dir", "/some/where", "/else/where"),
}
"""Settings that are read without the prefix, too: field, a value, another value."""

both_spellings = pytest.mark.parametrize("name", IN_BRACKETS)


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No setting in the environment, and a folder without `.env`."""
    for name in list(os.environ):
        if name.upper().startswith("SWITCHBOARD_") or name.upper() in IN_BRACKETS:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def flat(settings: Settings) -> dict[str, object]:
    """All settings by the names that the environment has for them."""
    return {
        flat_name(group, field): getattr(getattr(settings, name), field)
        for name, group in GROUPS.items()
        for field in group.model_fields
    }


def shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


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


# Lanes.


def test_every_lane_has_a_plan_with_a_prefix_of_its_own() -> None:
    plans = load_settings().lane_plans()
    assert set(plans) == set(LANES)
    assert all(plans[name].name is name for name in LANES)
    assert len({plan.prefix for plan in plans.values()}) == len(plans)


@pytest.mark.parametrize(
    ("lane", "kind", "capacity", "expiry"),
    [
        ("memory", LaneKind.EPHEMERAL, None, None),
        ("chat", LaneKind.EPHEMERAL, None, None),
        ("queue", LaneKind.DURABLE, 1_000, 900),
        ("analytics", LaneKind.DURABLE, 5_000, 3_600),
        ("rooms", LaneKind.DURABLE, 200, 86_400),
        ("jobs", LaneKind.DURABLE, 500, 3_600),
    ],
)
def test_lanes_are_what_they_are_unless_told_otherwise(
    lane: str, kind: LaneKind, capacity: int | None, expiry: float | None
) -> None:
    plan = load_settings().lane_plans()[lane]
    assert plan.kind is kind
    if kind is LaneKind.DURABLE:
        assert (plan.capacity, plan.expiry) == (capacity, expiry)


def test_one_option_of_a_lane_can_be_changed_without_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = load_settings().lane_plans()
    monkeypatch.setenv("SWITCHBOARD_LANE_QUEUE__CAPACITY", "7")
    after = load_settings().lane_plans()
    assert after["queue"].capacity == 7
    assert after["queue"].expiry == before["queue"].expiry
    assert after["queue"].kind is LaneKind.DURABLE
    assert after["queue"].prefix == before["queue"].prefix
    del before["queue"], after["queue"]
    assert after == before


def test_a_lane_made_durable_keeps_a_history_without_more_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SWITCHBOARD_LANE_CHAT__KIND", "durable")
    plan = load_settings().lane_plans()["chat"]
    assert (plan.capacity, plan.expiry) == (1_000, 900)


def test_options_of_several_lanes_come_together_from_file_and_environment(
    empty_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_environment / ".env").write_text("SWITCHBOARD_LANE_ROOMS__EXPIRY=60\n")
    monkeypatch.setenv("SWITCHBOARD_LANE_ROOMS__CAPACITY", "9")
    monkeypatch.setenv("SWITCHBOARD_LANE_CHAT__PREFIX", "talk")
    plans = load_settings().lane_plans()
    assert (plans["rooms"].capacity, plans["rooms"].expiry) == (9, 60)
    assert plans["chat"].prefix == "talk"
    assert plans["chat"].kind is LaneKind.EPHEMERAL


# What is refused.


def refusal_of(**overrides: Any) -> str:
    with pytest.raises(SettingsAreWrong) as refused:
        load_settings(**overrides)
    return str(refused.value)


WRONG = [
    ("LANE_QUEUE__CAPACITY", "0", "a durable lane needs more than 0"),
    ("LANE_QUEUE__EXPIRY", "0", "a durable lane needs more than 0"),
    ("BACKEND", "postgres", "'memory' or 'redis'"),
    ("PORT", "eighty", "valid integer"),
    ("PORT", "65536", "less than or equal to 65535"),
    ("PORT", "-1", "greater than or equal to 0"),
    ("SEND_COMPLETION", "perhaps", "boolean"),
    ("LOG_WEBSOCKET", "2", "boolean"),
    ("LOG_FORMAT", "xml", "'console' or 'json'"),
    ("LOG_LEVEL", "loud", "debug|info|warning|error"),
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
    ("LANE_QUEUE__CAPACITY", "-1", "greater than or equal to 0"),
    ("LANE_QUEUE__CAPACITY", "many", "valid integer"),
    ("LANE_QUEUE__KIND", "eternal", "'ephemeral' or 'durable'"),
    ("LANE_CHAT__PREFIX", "Not Good", "^[a-z0-9_-]{1,32}$"),
    ("LANE_CHAT", "nonsense", ""),
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


def test_a_very_long_wrong_value_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_PORT", "x" * 10_000)
    assert len(refusal_of()) < 300


# The example file.


def names_of_all_settings() -> Iterator[str]:
    for group in GROUPS.values():
        for field, info in group.model_fields.items():
            name = f"SWITCHBOARD_{flat_name(group, field).upper()}"
            options = getattr(info.annotation, "model_fields", None)
            if options is None:
                yield name
            else:
                yield from (f"{name}__{option.upper()}" for option in options)


def example_lines() -> list[str]:
    return re.findall(r"^#? ?(SWITCHBOARD_\w+=.*)$", EXAMPLE.read_text(), re.MULTILINE)


def test_the_example_lists_every_setting_once_and_no_other() -> None:
    listed = [line.partition("=")[0] for line in example_lines()]
    assert sorted(listed) == sorted(names_of_all_settings())


def test_every_setting_that_is_read_without_the_prefix_is_tried_so() -> None:
    aliases = (
        field.validation_alias for group in GROUPS.values() for field in group.model_fields.values()
    )
    names = {
        str(name) for alias in aliases if isinstance(alias, AliasChoices) for name in alias.choices
    }
    assert {name for name in names if not name.startswith("SWITCHBOARD_")} == set(IN_BRACKETS)


def test_the_example_has_no_other_names_in_brackets() -> None:
    assert set(re.findall(r"^# \[(\w+)\]", EXAMPLE.read_text(), re.MULTILINE)) == set(IN_BRACKETS)


@both_spellings
def test_the_example_tells_the_names_without_prefix(name: str) -> None:
    text = EXAMPLE.read_text()
    before, found, _ = text.partition(f"SWITCHBOARD_{name}=")
    assert found
    assert f"[{name}]" in before.rpartition("\n\n")[2]


def test_every_setting_in_the_example_has_its_reason_above_it() -> None:
    for block in EXAMPLE.read_text().split("\n\n"):
        if re.search(r"^#?SWITCHBOARD_", block, re.MULTILINE):
            first = block.lstrip("\n").splitlines()[0]
            assert re.match(r"# \S+", first), block


@pytest.mark.parametrize("line", example_lines())
def test_a_line_of_the_example_that_is_taken_over_as_it_is_changes_nothing(
    empty_environment: Path, line: str
) -> None:
    before = load_settings()
    (empty_environment / ".env").write_text(line)
    assert load_settings() == before


def test_the_whole_example_taken_over_as_it_is_changes_nothing(empty_environment: Path) -> None:
    before = load_settings()
    (empty_environment / ".env").write_text("\n".join(example_lines()))
    assert load_settings() == before


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
