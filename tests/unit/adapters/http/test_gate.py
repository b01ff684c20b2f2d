import asyncio
import json
from typing import Any

import httpx2
import pytest

from tests.unit.adapters.http.asking import client_of
from tests.unit.adapters.websocket.driving import Service, Socket, serving

HOST = "switchboard.test"
ANSWERS_OVER_HTTP: dict[str, Any] = {"websocket.http.response": {}}


def browser(service: Service, origin: str | None, host: str = HOST) -> Socket:
    """A page's socket. `origin` is the page's, `host` what it connects to."""
    headers = {"host": host}
    if origin is not None:
        headers["origin"] = origin
    socket = service.socket("/ws/chat", **headers)
    socket.scope["extensions"] = ANSWERS_OVER_HTTP
    return socket


async def refusal(socket: Socket) -> tuple[int, Any, dict[bytes, bytes]]:
    """How a handshake was answered instead of being accepted."""
    await socket.send_input({"type": "websocket.connect"})
    start = await socket.receive_output()
    assert start["type"] == "websocket.http.response.start"
    body = await socket.receive_output()
    assert body["type"] == "websocket.http.response.body"
    await socket.wait()
    headers = dict(start["headers"])
    assert int(headers[b"content-length"]) == len(body["body"])
    return start["status"], json.loads(body["body"])["error"], headers


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "http://switchboard.test",
        "https://switchboard.test",
        "HTTPS://Switchboard.Test",
        "http://switchboard.test/",
    ],
)
async def test_pages_of_our_own_host_and_programs_may_connect(
    service: Service, origin: str | None
) -> None:
    async with browser(service, origin) as page:
        assert (await page.frame())["action"] == "chat_notification"


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://switchboard.test", "switchboard.test:443"),
        ("https://switchboard.test:443", "switchboard.test"),
        ("http://switchboard.test", "Switchboard.test:80"),
        ("http://switchboard.test:80", "switchboard.test:80"),
    ],
)
async def test_a_default_port_may_be_told_or_left_out(
    service: Service, origin: str, host: str
) -> None:
    async with browser(service, origin, host) as page:
        await page.frame()


async def test_the_default_port_of_another_scheme_is_another_port(service: Service) -> None:
    socket = browser(service, "http://switchboard.test", host="switchboard.test:443")
    assert (await refusal(socket))[0] == 403


async def test_a_port_is_part_of_the_host(service: Service) -> None:
    async with browser(service, "http://localhost:8080", host="localhost:8080") as page:
        await page.frame()
    status, _, _ = await refusal(browser(service, "http://localhost:3000", host="localhost:8080"))
    assert status == 403


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://switchboard.test.evil.example",
        "https://evilswitchboard.test",
        "https://switchboard.test:8443",
        "https://switchboard.test@evil.example",
        "https://evil.example/switchboard.test",
        "null",
        "",
        "switchboard.test",
        "file://",
        "http://[broken",
        "\xff",
    ],
)
async def test_pages_of_another_origin_are_refused_before_the_handshake(
    service: Service, origin: str
) -> None:
    status, error, _ = await refusal(browser(service, origin))
    assert status == 403
    assert error["code"] == "origin_not_allowed"
    assert len(service.registry) == 0


async def test_without_a_host_no_page_is_our_own(service: Service) -> None:
    status, _, _ = await refusal(browser(service, "null", host=""))
    assert status == 403


async def test_a_server_that_can_only_close_closes_before_the_handshake(
    service: Service,
) -> None:
    page = browser(service, "https://evil.example")
    page.scope["extensions"] = {}
    accepted, code = await page.connect()
    assert not accepted
    assert code == 4403
    await page.wait()


@pytest.mark.parametrize(
    "origin", ["https://friend.example", "https://FRIEND.example/", "https://switchboard.test"]
)
async def test_pages_of_listed_origins_may_connect_beside_our_own(origin: str) -> None:
    async with (
        serving(allowed_origins={"https://friend.example/"}) as service,
        browser(service, origin) as page,
    ):
        await page.frame()


@pytest.mark.parametrize(
    "origin", ["http://friend.example", "https://friend.example:8443", "https://a.friend.example"]
)
async def test_a_listed_origin_means_itself_only(origin: str) -> None:
    async with serving(allowed_origins={"https://friend.example"}) as service:
        assert (await refusal(browser(service, origin)))[0] == 403


@pytest.mark.parametrize("origin", ["https://anybody.example", "null"])
async def test_a_star_lets_every_page_in(origin: str) -> None:
    async with (
        serving(allowed_origins={"*"}) as service,
        browser(service, origin) as page,
    ):
        await page.frame()


async def test_over_the_most_connections_newcomers_are_refused_until_somebody_leaves() -> None:
    async with serving(max_connections=1) as service:
        async with browser(service, None):
            status, error, headers = await refusal(browser(service, None))
            assert status == 503
            assert error["code"] == "too_many_connections"
            assert headers[b"retry-after"] == b"1"
        async with browser(service, None) as page:
            await page.frame()


async def test_a_server_about_to_stop_takes_no_newcomers(service: Service) -> None:
    async with browser(service, None) as page:
        draining = asyncio.create_task(service.registry.drain(3_600))
        await page.told_to_leave()
        status, error, headers = await refusal(browser(service, None))
        assert status == 503
        assert error["code"] == "draining"
        assert headers[b"retry-after"] == b"1"
    await draining


async def test_a_foreign_page_learns_nothing_of_how_busy_the_server_is() -> None:
    async with serving(max_connections=1) as service, browser(service, None):
        status, error, _ = await refusal(browser(service, "https://evil.example"))
        assert (status, error["code"]) == (403, "origin_not_allowed")


# The same for requests that change something.

ANNOUNCEMENT = {"channel": "chat", "message": "hello"}


@pytest.mark.parametrize("origin", [None, f"http://{HOST}", f"https://{HOST}"])
async def test_our_own_pages_and_programs_may_announce(
    client: httpx2.AsyncClient, origin: str | None
) -> None:
    headers = {} if origin is None else {"origin": origin}
    answer = await client.post("/api/announcements", json=ANNOUNCEMENT, headers=headers)
    assert answer.status_code == 202


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_foreign_page_may_change_nothing(
    service: Service, client: httpx2.AsyncClient, method: str, origin: str
) -> None:
    async with service.socket("/ws/chat") as member:
        await member.frame()
        answer = await client.request(
            method, "/api/announcements", json=ANNOUNCEMENT, headers={"origin": origin}
        )
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "origin_not_allowed"
        await member.hears_nothing()


async def test_a_listed_page_may_announce() -> None:
    async with (
        serving(allowed_origins={"https://friend.example"}) as service,
        client_of(service) as client,
    ):
        answer = await client.post(
            "/api/announcements",
            json=ANNOUNCEMENT,
            headers={"origin": "https://friend.example"},
        )
        assert answer.status_code == 202


async def test_reading_is_open_and_never_gives_permission_to_foreign_pages(
    client: httpx2.AsyncClient,
) -> None:
    answer = await client.get("/api/rooms", headers={"origin": "https://evil.example"})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


async def test_reading_goes_on_while_the_server_drains(
    service: Service, client: httpx2.AsyncClient
) -> None:
    await service.registry.drain(0)
    assert (await client.get("/healthz")).status_code == 200
    assert (await client.post("/api/announcements", json=ANNOUNCEMENT)).status_code == 202
