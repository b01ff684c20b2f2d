"""By which names the service may be asked for, and that no page can invent one (DNS rebinding)."""

from typing import Any

import httpx2
import pytest

from adapters.http.hosts import Hosts
from tests.unit.adapters.http.asking import client_of, error
from tests.unit.adapters.websocket.driving import Service, serving
from tests.waiting import DEADLINE

LOOPBACK = ("127.0.0.1", 8080)

LOCAL = ["localhost", "LocalHost", "localhost.", "app.localhost"]
NUMBERS = ["127.0.0.1", "127.8.9.1", "10.0.0.7", "[::1]", "[2001:db8::7]", "[::ffff:127.0.0.1]"]
MALFORMED = ["[", "]", "[::1", "[::1]x", "[::1]:", "a:b", "a:8080:1", "a:-1", "a:999999", "", " "]
IMPOSSIBLE = ["a b", "a/b", "u@a", "a?b", "a#b", "a\tb", "a,b", "\xe9.example", "a:80 ", "http://a"]


def may(*hosts: str, server: Any = LOOPBACK, version: str = "1.1", allowed: str = "") -> bool:
    headers = [(b"host", host.encode("latin-1")) for host in hosts]
    scope = {"type": "http", "headers": headers, "server": server, "http_version": version}
    return Hosts(allowed.split(",") if allowed else []).may_be_asked(scope)


@pytest.mark.parametrize("server", [LOOPBACK, ("::1", 8080), ("::ffff:127.0.0.1", 8080)])
@pytest.mark.parametrize(
    "name",
    [
        "evil.example",
        "EVIL.example",
        "evil.example.",
        "localhost.evil.example",
        "notlocalhost",
        "127.0.0.1.evil.example",
        "2130706433",
        "0x7f.1",
        "evil_one",
    ],
)
def test_within_the_machine_a_foreign_name_with_our_own_port_is_refused(
    server: Any, name: str
) -> None:
    assert not may(f"{name}:8080", server=server)


@pytest.mark.parametrize("port", [80, 443])
def test_a_port_that_browsers_do_not_mention_is_our_own_without_mention(port: int) -> None:
    assert not may("evil.example", server=("127.0.0.1", port))
    assert not may(f"evil.example:{port}", server=("127.0.0.1", port))


@pytest.mark.parametrize("host", [*LOCAL, *NUMBERS])
@pytest.mark.parametrize("port", ["", ":8080", ":3000"])
@pytest.mark.parametrize("allowed", ["", "chat.example.org"])
def test_numbers_and_localhost_may_always_be_asked_for(host: str, port: str, allowed: str) -> None:
    assert may(host + port, allowed=allowed)


@pytest.mark.parametrize("host", ["chat.example.org", "chat.example.org:8443"])
def test_what_a_proxy_on_the_same_machine_passes_on_is_served(host: str) -> None:
    assert may(host)


@pytest.mark.parametrize("server", [("10.0.0.7", 8080), ("/run/switchboard.sock", None), None])
def test_a_deployment_is_known_by_any_name(server: Any) -> None:
    assert may("chat.example.org:8080", server=server)


@pytest.mark.parametrize("host", ["chat.example.org", "Chat.Example.ORG:8080", "b.example."])
def test_with_a_list_its_names_are_served_on_any_port(host: str) -> None:
    assert may(host, allowed="chat.example.org,B.example")


@pytest.mark.parametrize("server", [LOOPBACK, ("10.0.0.7", 8080)])
@pytest.mark.parametrize("host", ["example.org", "a.chat.example.org", "evil.example:8443"])
def test_with_a_list_no_other_name_is(host: str, server: Any) -> None:
    assert not may(host, server=server, allowed="chat.example.org")


def test_a_star_is_any_name() -> None:
    assert may("evil.example:8080", allowed="*")


@pytest.mark.parametrize("allowed", ["", "*", "chat.example.org"])
@pytest.mark.parametrize("host", [*MALFORMED, *IMPOSSIBLE])
def test_a_host_that_is_none_is_refused(host: str, allowed: str) -> None:
    assert not may(host, allowed=allowed)


def test_two_hosts_are_none() -> None:
    assert not may("127.0.0.1", "127.0.0.1")


def test_only_http_1_0_may_do_without() -> None:
    assert not may()
    assert may(version="1.0")


HOSTS = ["[", "evil.example:8080", "", "\xff"]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", ["/", "/healthz", "/asyncapi.json", "/api/rooms", "/none"])
async def test_a_request_by_another_name_is_refused(path: str, host: str) -> None:
    async with (
        serving(allowed_hosts={"chat.example.org"}) as service,
        client_of(service) as client,
    ):
        answer = await client.get(path, headers=[(b"host", host.encode("latin-1"))])
        assert error(answer, 400) == "host_not_allowed"


async def test_a_malformed_host_is_refused_without_any_setting(
    client: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    for path in ("/", "/asyncapi.json", "/api/jobs/none", "/static"):
        assert error(await client.get(path, headers={"host": "["}), 400) == "host_not_allowed"
    assert caplog.records == []


@pytest.mark.parametrize("host", HOSTS)
async def test_a_handshake_by_another_name_is_refused(service: Service, host: str) -> None:
    socket = service.socket("/ws/chat", host=host)
    socket.scope["server"] = LOOPBACK
    accepted, code = await socket.connect(DEADLINE)
    assert (accepted, code) == (False, 4403)
    assert len(service.registry) == 0
