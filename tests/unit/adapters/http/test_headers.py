"""What every answer carries, whatever kind it is."""

import httpx2
import pytest

from tests.unit.adapters.http.asking import post_too_much
from tests.unit.adapters.websocket.driving import serving


def assert_secured(answer: httpx2.Response) -> None:
    headers = answer.headers
    policy = dict(
        directive.split(" ", 1) for directive in headers["content-security-policy"].split("; ")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert "*" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    for name in ("content-security-policy", "x-content-type-options", "content-type"):
        assert len(headers.get_list(name)) <= 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("HEAD", "/static/app.js", 200),
        ("GET", "/static/app.js", 200),
        ("GET", "/static/none.js", 404),
        ("GET", "/docs", 200),
        ("GET", "/asyncapi", 200),
        ("GET", "/asyncapi.json", 200),
        ("GET", "/asyncapi.yaml", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/api/rooms", 200),
        ("GET", "/api/rooms/lobby/history", 200),
        ("GET", "/api/rooms/a%2Fb/history", 400),
        ("GET", "/api/rooms/lobby/history?limit=0", 422),
        ("GET", "/api/jobs/none", 404),
        ("GET", "/none", 404),
        ("POST", "/api/announcements", 422),
        ("DELETE", "/api/rooms", 405),
        ("GET", "/ws/chat", 426),
    ],
)
async def test_every_kind_of_answer_is_secured(
    client: httpx2.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert_secured(answer)


async def test_a_refused_origin_s_answer_is_secured(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/announcements", headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert_secured(answer)


@pytest.mark.parametrize("told", [True, False], ids=["with its length", "in pieces"])
async def test_the_answer_to_a_body_over_the_limit_is_secured(told: bool) -> None:
    async with serving(max_frame_bytes=1_024) as service:
        answer = await post_too_much(service, with_length=told)
        assert answer.status_code == 413
        assert_secured(answer)


@pytest.mark.usefixtures("broken_rooms")
async def test_the_answer_to_an_error_of_ours_is_secured(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/api/rooms")
    assert answer.status_code == 500
    assert_secured(answer)
