import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from adapters.cli.listening import adopt, listen, listening, url_of
from adapters.cli.problems import Problem
from adapters.environment import load_settings

HOST = "127.0.0.1"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - for a moment, and nobody is served
SECRET = "a secret of the tests, with more than 32 bytes"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    (listener,) = listen(HOST, 0)
    with listener:
        yield listener


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def test_whoever_connects_at_once_is_kept_waiting_and_not_turned_away(
    listener: socket.socket,
) -> None:
    with socket.create_connection((HOST, port_of(listener))):
        pass


def test_the_address_tells_the_port_that_was_found(listener: socket.socket) -> None:
    assert url_of(listener) == f"http://127.0.0.1:{port_of(listener)}"


def test_the_protocol_is_named_so_that_small_frames_are_sent_at_once(
    listener: socket.socket,
) -> None:
    assert listener.proto == socket.IPPROTO_TCP


def test_a_port_that_is_taken_is_told_with_what_to_do(listener: socket.socket) -> None:
    port = port_of(listener)
    with pytest.raises(Problem) as problem:
        listen(HOST, port)
    assert f"port {port} on 127.0.0.1 is in use" in problem.value.message
    assert "--port" in problem.value.message
    assert "\n" not in problem.value.message
    assert problem.value.exit_code == 1


def test_a_port_is_free_again_right_after_its_server() -> None:
    (listener,) = listen(HOST, 0)
    port = port_of(listener)
    with socket.create_connection((HOST, port)) as client:
        server, _ = listener.accept()
        # The side that closes first keeps the port busy for a while.
        server.close()
        listener.close()
        client.recv(1)
    (again,) = listen(HOST, port)
    again.close()


def test_an_address_of_another_machine_is_told() -> None:
    # From the block that is set aside for documentation.
    with pytest.raises(Problem, match=r"can't listen on 192\.0\.2\.1: this machine has no such"):
        listen("192.0.2.1", 0)


@pytest.mark.parametrize("host", ["no such host", "x" * 300])
def test_a_name_that_is_none_is_told(host: str) -> None:
    with pytest.raises(Problem, match="no such address"):
        listen(host, 0)


@pytest.mark.parametrize("host", ["localhost", "::"])
def test_all_addresses_of_a_host_have_the_same_port(host: str) -> None:
    listeners = listen(host, 0)
    assert len({port_of(listener) for listener in listeners}) == 1
    with socket.create_connection((HOST, port_of(listeners[0]))):
        pass
    for listener in listeners:
        listener.close()


def test_all_addresses_of_ipv6_are_all_of_ipv4_too() -> None:
    listeners = listen("::", 0)
    try:
        assert socket.AF_INET in {listener.family for listener in listeners}
        with socket.create_connection((HOST, port_of(listeners[0]))):
            pass
    finally:
        for listener in listeners:
            listener.close()


def test_an_ipv6_address_is_told_in_brackets() -> None:
    try:
        (listener,) = listen("::1", 0)
    except Problem:
        pytest.skip("this machine has no IPv6")
    with listener:
        assert url_of(listener) == f"http://[::1]:{port_of(listener)}"


def test_a_socket_is_handed_over_to_another_process(listener: socket.socket) -> None:
    fd = listener.fileno()
    program = f"""
from adapters.cli.listening import adopt, url_of
(listener,) = adopt([{fd}])
print(url_of(listener), listener.proto)
"""
    ran = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        pass_fds=[fd],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert ran.stdout.split() == [url_of(listener), str(int(socket.IPPROTO_TCP))]


def test_a_number_that_is_no_socket_is_told() -> None:
    with pytest.raises(Problem, match="--fd names no socket"):
        adopt([999_999])


@pytest.mark.parametrize("modes", ["anonymous", "anonymous,jwt"])
def test_strangers_from_other_machines_come_in_only_where_somebody_said_so(
    modes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWITCHBOARD_AUTH", modes)
    monkeypatch.setenv("SWITCHBOARD_AUTH_SECRET", SECRET)
    refusal = r"^0\.0\.0\.0 can be reached .* anonymous in SWITCHBOARD_AUTH lets everybody in"
    with (
        pytest.raises(Problem, match=refusal),
        listening(load_settings(None, host=EVERYWHERE, port=0)),
    ):
        pass
    monkeypatch.setenv("SWITCHBOARD_AUTH_PUBLIC", "true")
    with listening(load_settings(None, host=EVERYWHERE, port=0)) as listeners:
        assert len(listeners) == 1


@pytest.mark.parametrize("modes", ["anonymous", "jwt"])
def test_a_secret_that_nothing_is_verified_with_is_told(
    modes: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SWITCHBOARD_AUTH", modes)
    monkeypatch.setenv("SWITCHBOARD_AUTH_SECRET", SECRET)
    with listening(load_settings(None, host=HOST, port=0)):
        pass
    told = [record.getMessage() for record in caplog.records]
    if modes == "jwt":
        assert told == []
    else:
        (line,) = told
        assert line.startswith("SWITCHBOARD_AUTH_SECRET is set, but no token is taken")
        assert SECRET not in line
