"""What the commands make of their options; the programs that they start only record it."""

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import bootstrap
from adapters.cli import dev
from adapters.cli.commands import create_cli
from adapters.cli.programs import Programs
from adapters.settings import BackendName, Settings
from application.errors import Unavailable
from domain.errors import BrokenRule


class Recorder:
    """Programs that record what they were given."""

    def __init__(self) -> None:
        self.settings: list[Settings] = []
        self.ports: list[int] = []
        self.sent: list[tuple[str, str, float, int]] = []
        self.error: Exception | None = None

    def run(self, *arguments: str) -> Result:
        programs = Programs(
            serve=self.serve,
            run_worker=self.ping,
            send=self.send,
            check=self.ping,
            mint=bootstrap.mint,
            shared_backends=[BackendName.REDIS],
            own_command=["false"],
        )
        return CliRunner().invoke(create_cli(programs), arguments)

    def serve(self, settings: Settings, listeners: list[socket.socket], _shared: bool) -> None:
        self._record(settings)
        for listener in listeners:
            self.ports.append(listener.getsockname()[1])

    async def send(
        self, settings: Settings, channel: str, text: str, every: float, count: int
    ) -> None:
        self._record(settings)
        self.sent.append((channel, text, every, count))

    async def ping(self, settings: Settings) -> None:
        self._record(settings)

    def _record(self, settings: Settings) -> None:
        self.settings.append(settings)
        if self.error is not None:
            raise self.error


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Recorder:
    """In a folder without `.env`, and without any setting in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("HOST", "PORT", "REDIS_URL", "SWITCHBOARD_REDIS_URL", "SWITCHBOARD_BACKEND"):
        monkeypatch.delenv(name, raising=False)
    return Recorder()


def test_options_win_over_the_environment(
    programs: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWITCHBOARD_BACKEND", "redis")
    monkeypatch.setenv("PORT", "1")
    assert programs.run("serve", "--port", "0", "--backend", "memory").exit_code == 0
    assert programs.settings[0].backend is BackendName.MEMORY
    assert programs.ports[0] > 1


def test_a_socket_that_is_handed_over_is_used(programs: Recorder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert programs.run("serve", "--fd", str(listener.detach())).exit_code == 0
    assert programs.ports == [port]


def test_a_port_that_is_taken_stops_the_start(programs: Recorder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = programs.run("serve", "--port", str(taken.getsockname()[1]))
    assert result.exit_code == 1
    assert result.stderr.startswith("switchboard: port ")
    assert programs.settings == []


def test_several_processes_need_a_backend_that_they_share(programs: Recorder) -> None:
    result = programs.run("serve", "--workers", "2")
    assert result.exit_code == 2
    assert result.stderr.startswith("switchboard: --workers 2 needs --backend redis: memory ")


def test_workers_are_started_only_when_redis_answers(programs: Recorder) -> None:
    programs.error = Unavailable()
    result = programs.run("serve", "--workers", "2", "--backend", "redis", "--port", "0")
    assert result.exit_code == 1
    assert result.stderr.startswith("switchboard: Redis can't be reached.")


@pytest.mark.parametrize("command", [["worker"], ["send", "chat", "hello"], ["dev"]])
def test_the_other_commands_choose_a_backend_that_is_shared(
    programs: Recorder, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere")
    monkeypatch.setenv("PORT", "0")
    monkeypatch.setattr(dev, "REDIS_SECONDS", 0.0)
    programs.error = Unavailable()
    result = programs.run(*command)
    assert result.exit_code == 1
    assert {settings.backend for settings in programs.settings} == {BackendName.REDIS}
    assert {settings.redis.url for settings in programs.settings} == {"redis://elsewhere"}


def test_no_password_is_told(programs: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://user:secret@elsewhere:1/0?password=secret")
    monkeypatch.setattr(dev, "REDIS_SECONDS", 0.0)
    programs.error = Unavailable()
    result = programs.run("dev", "--port", "0")
    assert "dev    | waiting for the Redis at elsewhere:1, which REDIS_URL names\n" in result.output
    assert "secret" not in result.output


def test_one_announcement_is_sent_at_once(programs: Recorder) -> None:
    assert programs.run("send", "chat", "hello").exit_code == 0
    assert programs.sent == [("chat", "hello", 0.0, 1)]


def test_periodic_announcements_need_a_count(programs: Recorder) -> None:
    assert programs.run("send", "chat", "hello", "--every", "2").exit_code == 2
    assert programs.run("send", "chat", "hello", "--every", "2", "--count", "3").exit_code == 0
    assert programs.sent == [("chat", "hello", 2.0, 3)]


def test_a_broken_rule_is_a_wrong_argument(programs: Recorder) -> None:
    programs.error = BrokenRule("there is no such channel")
    result = programs.run("send", "nowhere", "hello")
    assert result.exit_code == 2
    assert result.stderr == "switchboard: there is no such channel\n"
