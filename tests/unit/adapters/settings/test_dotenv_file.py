"""A `.env` that can't be understood stops the start, in a line that says why."""

import os
from pathlib import Path
from typing import BinaryIO

import pytest

from adapters.dotenv_file import MAX_BYTES
from adapters.environment import load_settings
from tests.unit.adapters.settings.spellings import refusal_of

TEXT = "SWITCHBOARD_PORT=1  # Grüße\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_it_may_begin_with_a_byte_order_mark(empty_environment: Path, encoding: str) -> None:
    (empty_environment / ".env").write_text(TEXT, encoding=encoding)
    assert load_settings().server.port == 1


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-16-be", "utf-32", "cp437"])
@pytest.mark.parametrize("text", [TEXT, "# the default\nSWITCHBOARD_PORT=1\n"])
def test_another_encoding_than_utf_8_is_refused(
    empty_environment: Path, encoding: str, text: str
) -> None:
    raw = text.encode(encoding)
    (empty_environment / ".env").write_bytes(raw)
    if raw == text.encode():  # nothing but ASCII is the same in both
        assert load_settings().server.port == 1
        return
    line = refusal_of()
    assert line.startswith(".env can't be read: ")
    assert "UTF-8" in line
    assert "\n" not in line


def test_the_line_that_is_not_utf_8_is_told(empty_environment: Path) -> None:
    (empty_environment / ".env").write_bytes(b"A=1\r\nB=2\r\nC=caf\xe9\r\n")
    assert "line 3 is not UTF-8" in refusal_of()


def test_a_folder_is_refused(empty_environment: Path) -> None:
    (empty_environment / ".env").mkdir()
    assert refusal_of() == ".env can't be read: Is a directory."


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
def test_a_pipe_is_refused_and_not_waited_for(empty_environment: Path) -> None:
    os.mkfifo(empty_environment / ".env")
    assert refusal_of() == ".env can't be read: it is no regular file."


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="Windows has no such files")
def test_a_device_is_refused_but_for_the_one_that_is_always_empty(
    empty_environment: Path,
) -> None:
    path = empty_environment / ".env"
    path.symlink_to(os.devnull)
    load_settings()
    path.unlink()
    path.symlink_to("/dev/zero")
    assert refusal_of() == ".env can't be read: it is no regular file."


def test_a_file_that_is_far_too_large_is_refused(empty_environment: Path) -> None:
    with (empty_environment / ".env").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    assert refusal_of() == f".env can't be read: it has more than {MAX_BYTES} bytes."


def test_a_file_that_may_not_be_read_is_refused(
    empty_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path, _mode: str) -> BinaryIO:
        raise PermissionError(13, "Permission denied")

    (empty_environment / ".env").touch()
    # Whoever runs the tests may be allowed to read everything.
    monkeypatch.setattr(Path, "open", refuse)
    assert refusal_of() == ".env can't be read: Permission denied."


def test_a_link_to_nothing_is_refused_but_no_file_at_all_is_no_problem(
    empty_environment: Path,
) -> None:
    load_settings()
    (empty_environment / ".env").symlink_to("nowhere")
    assert refusal_of() == ".env can't be read: it links to nothing."


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("SWITCHBOARD_PORT 1", "this is not NAME=VALUE"),
        ("SWITCHBOARD_PORT: 1", "this is not NAME=VALUE"),
        ('SWITCHBOARD_PORT="1', "a quote is missing"),
        ("SWITCHBOARD_PORT", "SWITCHBOARD_PORT has no ="),
        ("PORT", "PORT has no ="),
        ("export redis_url", "redis_url has no ="),
        ("SWITCHBOARD_API_KEYS='12345678${NOWHERE}'", "a variable that is not set"),
    ],
)
def test_a_line_that_sets_nothing_is_refused_with_its_number(
    empty_environment: Path, wrong: str, says: str
) -> None:
    (empty_environment / ".env").write_text(f"# ours\n\nHOST=::1\n{wrong}\n")
    line = refusal_of()
    assert line.startswith(".env, line 4: ")
    assert says in line
    assert "\n" not in line


def test_a_name_of_somebody_else_s_may_stand_alone(empty_environment: Path) -> None:
    (empty_environment / ".env").write_text("EDITOR\nPORT=7\n")
    assert load_settings().server.port == 7


def test_a_variable_that_is_set_or_has_a_default_is_put_in(
    empty_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERE", "a")
    text = "THERE=b\nSWITCHBOARD_REDIS_PREFIX=${HERE}${THERE}${NOWHERE:-c}\nEDITOR=${NOWHERE}\n"
    (empty_environment / ".env").write_text(text)
    assert load_settings().redis.prefix == "abc"
