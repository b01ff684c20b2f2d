"""`switchboard token`: one token on standard output, or one line that says why not."""

import json
import os
from pathlib import Path
from typing import Any

import jwt
import pytest
from click.testing import CliRunner, Result

import bootstrap
from adapters.cli.commands import create_cli
from adapters.cli.programs import Programs
from adapters.cli.token import parse_caps
from domain.capabilities import Capabilities

SECRET = "a secret of the tests, with more than 32 bytes"


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tokens are taken, and made with `SECRET`; nothing else is set."""
    for name in list(os.environ):
        if name.startswith("SWITCHBOARD_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SWITCHBOARD_AUTH", "jwt")
    monkeypatch.setenv("SWITCHBOARD_AUTH_SECRET", SECRET)


def unused(*_arguments: object) -> Any:
    raise AssertionError("a token needs no other program")


def run(*arguments: str) -> Result:
    programs = Programs(
        serve=unused,
        run_worker=unused,
        send=unused,
        check=unused,
        mint=bootstrap.mint,
        shared_backends=[],
        own_command=[],
    )
    return CliRunner().invoke(create_cli(programs), ["token", *arguments])


def claims_of(result: Result) -> dict[str, Any]:
    """Of the one line that was printed."""
    assert (result.exit_code, result.stderr) == (0, "")
    (line,) = result.stdout.splitlines()
    claims: dict[str, Any] = jwt.decode(line, SECRET, algorithms=["HS256"])
    return claims


def test_a_token_is_printed_and_nothing_else() -> None:
    claims = claims_of(run("--sub", "ada", "--name", "Ada", "--ttl", "600"))
    assert (claims["sub"], claims["info"]) == ("ada", {"name": "Ada"})
    assert claims["exp"] - claims["iat"] == pytest.approx(600)
    assert "caps" not in claims


@pytest.mark.parametrize(("longest", "ttl"), [("90", 90), ("7200", 3600)])
def test_without_a_time_it_lives_for_an_hour_or_for_as_long_as_is_allowed(
    monkeypatch: pytest.MonkeyPatch, longest: str, ttl: float
) -> None:
    monkeypatch.setenv("SWITCHBOARD_AUTH_MAX_LIFETIME", longest)
    claims = claims_of(run("--sub", "ada"))
    assert claims["exp"] - claims["iat"] == pytest.approx(ttl)


CAPS = [
    {"channels": ["room:lobby"], "allow": ["pub", "sub"]},
    {"channels": ["chat"], "allow": ["sub"]},
]


@pytest.mark.parametrize("caps", ["room:lobby=sub,pub;chat=sub", json.dumps(CAPS)])
def test_rights_are_given_in_short_or_as_json(caps: str) -> None:
    assert claims_of(run("--sub", "ada", "--caps", caps))["caps"] == CAPS


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("[]", []),
        (" [] ", []),
        ("room:a=b=sub", [{"channels": ["room:a=b"], "allow": ["sub"]}]),
        (" chat = sub , hst ", [{"channels": ["chat"], "allow": ["sub", "hst"]}]),
        ("*=sub,pub,prs,hst", [{"channels": ["*"], "allow": ["sub", "pub", "prs", "hst"]}]),
    ],
)
def test_what_is_read_of_rights(text: str, claim: Any) -> None:
    assert parse_caps(text) == Capabilities.parse(claim)


@pytest.mark.parametrize(
    "caps", ["", "chat", "=sub", "chat=", "chat=sub;", "chat=sing", "[", '[{"channels": 1}]', "[1]"]
)
def test_rights_that_can_not_be_read_make_no_token(caps: str) -> None:
    assert "caps" in refusal_of("--sub", "ada", "--caps", caps)


@pytest.mark.parametrize(
    ("caps", "unknown"),
    [
        ("lobby=sub;rooms:tea=sub;chat=sub", ["'lobby'", "'rooms:tea'"]),
        ("room=sub;chat:tea=sub", ["'room'", "'chat:tea'"]),
        ("*=sub;room:*=sub;job:*=sub;*:lobby=sub;notifications=sub", []),
    ],
)
def test_a_channel_that_there_is_not_is_told_beside_the_token(
    caps: str, unknown: list[str]
) -> None:
    result = run("--sub", "ada", "--caps", caps)
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 1)
    lines = result.stderr.splitlines()
    assert [line.split()[1] for line in lines] == unknown
    assert all("room:…" in line for line in lines)


def refusal_of(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("switchboard: ")
    return line


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--sub", ""], "sub is a text of 1 to 200 characters"),
        (["--sub", "~ada"], "visitors"),
        (["--sub", "ada", "--name", " "], "name"),
        (["--sub", "ada", "--ttl", "0"], "at most 3600 seconds"),
        (["--sub", "ada", "--ttl", "3601"], "at most 3600 seconds"),
        (["--sub", "ada", "--ttl", "nan"], "at most 3600 seconds"),
    ],
)
def test_what_no_token_may_say_is_told_in_one_line(arguments: list[str], says: str) -> None:
    assert says in refusal_of(*arguments)


def test_without_a_secret_it_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SWITCHBOARD_AUTH")
    monkeypatch.delenv("SWITCHBOARD_AUTH_SECRET")
    assert "SWITCHBOARD_AUTH_SECRET is not set" in refusal_of("--sub", "ada")


def test_a_wrong_secret_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_AUTH_SECRET", "hunter2")
    line = refusal_of("--sub", "ada")
    assert "32 bytes" in line
    assert "hunter2" not in line


def test_a_token_that_no_server_takes_yet_is_told_so_on_standard_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SWITCHBOARD_AUTH")
    result = run("--sub", "ada")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 1
    assert result.stderr == "switchboard: servers take it with SWITCHBOARD_AUTH=jwt\n"


def test_the_help_shows_how_to() -> None:
    result = run("--help")
    assert "switchboard token --sub ada --name Ada" in result.stdout
    assert "room:lobby=sub,pub;chat=sub" in result.stdout
