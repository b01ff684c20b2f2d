"""Pages of other people: with a token, a key or a name that leads here, and still refused."""

import pytest

from tests.integration.attacks.attacker import API_KEY, Attacker, Target, offered

ORIGINS = [
    "https://evil.example",
    "null",
    "http://127.0.0.1:1",
    "http://localhost:{port}",
    "https://127.0.0.1:{port}.evil.example",
    "http://127.0.0.1:{port}@evil.example",
    "file://",
    "",
]


@pytest.mark.parametrize("origin", ORIGINS)
async def test_a_foreign_page_gets_nowhere_with_a_token_that_is_good(
    attacker: Attacker, open_door: Target, origin: str
) -> None:
    token = attacker.token(open_door)
    headers = {"Origin": origin.format(port=open_door.port)}
    assert await attacker.knock(open_door, "/ws/chat", token=token, headers=headers) == 403
    by_protocol = await attacker.knock(
        open_door, "/ws/chat", subprotocols=offered(token), headers=headers
    )
    assert by_protocol == 403
    ticket = await attacker.ticket(open_door, token)
    assert await attacker.knock(open_door, f"/ws/chat?ticket={ticket}", headers=headers) == 403
    for path, bearer in (("/api/tickets", token), ("/api/revocations", API_KEY)):
        body = {"targets": ["sub:nobody"]}
        answer = await attacker.ask(open_door, "POST", path, body, token=bearer, headers=headers)
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "host",
    ["evil.example:{port}", "127.0.0.1.evil.example:{port}", "evil.example.:{port}", ""],
)
async def test_a_name_made_to_lead_here_is_no_name_of_ours(
    attacker: Attacker, open_door: Target, host: str
) -> None:
    name = host.format(port=open_door.port)
    token = attacker.token(open_door)
    for request in ("GET /ws/chat", "GET /api/rooms", "POST /api/tickets", "GET /"):
        answer = await attacker.send_bytes(
            open_door,
            f"{request} HTTP/1.1\r\nHost: {name}\r\nOrigin: http://{name}\r\n"
            f"Authorization: Bearer {token}\r\nConnection: close\r\n"
            "Content-Length: 0\r\n\r\n",
        )
        assert answer.startswith(b"HTTP/1.1 400 "), answer


async def test_a_preflight_of_a_foreign_page_allows_it_nothing(
    attacker: Attacker, open_door: Target
) -> None:
    answer = await attacker.ask(
        open_door,
        "OPTIONS",
        "/api/tokens",
        headers={
            "Origin": "https://evil.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control-allow")]


async def test_what_a_page_may_not_keep_is_not_kept(attacker: Attacker, open_door: Target) -> None:
    token = attacker.token(open_door)
    answer = await attacker.ask(open_door, "POST", "/api/tickets", token=token)
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
