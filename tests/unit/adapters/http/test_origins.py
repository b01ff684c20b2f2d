"""Pages of listed origins use the API (CORS); others are given no permission by any answer."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.unit.adapters.http.asking import HOST, client_of, error
from tests.unit.adapters.websocket.driving import serving

FRIEND = "https://friend.example"
ANNOUNCEMENT = {"channel": "chat", "message": "hello"}
ASKS = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}


@pytest.fixture
async def friendly() -> AsyncIterator[httpx2.AsyncClient]:
    """A service that lists one origin, in another spelling."""
    async with (
        serving(allowed_origins={"https://Friend.example/"}) as service,
        client_of(service) as client,
    ):
        yield client


def permissions(answer: httpx2.Response) -> set[str]:
    return {name for name in answer.headers if name.startswith("access-control-")}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/rooms", 200),
        ("HEAD", "/api/rooms", 200),
        ("GET", "/api/jobs/none", 404),
        ("GET", "/api/none", 404),
        ("DELETE", "/api/rooms", 405),
        ("POST", "/api/announcements", 422),
    ],
)
async def test_a_listed_page_reads_every_kind_of_answer(
    friendly: httpx2.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await friendly.request(method, path, headers={"origin": FRIEND})
    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == FRIEND
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["access-control-expose-headers"] == "retry-after"
    assert answer.headers["vary"] == "origin"


@pytest.mark.parametrize("path", ["/api/announcements", "/api/jobs/none"])
async def test_a_listed_page_is_told_before_that_it_may_ask(
    friendly: httpx2.AsyncClient, path: str
) -> None:
    answer = await friendly.options(path, headers={"origin": FRIEND, **ASKS})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == FRIEND
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "content-type" in answer.headers["access-control-allow-headers"]
    assert answer.headers["access-control-allow-credentials"] == "true"


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://friend.example",
        "https://friend.example:8443",
        "https://friend.example.evil.example",
        "null",
        "*",
        "",
    ],
)
async def test_another_page_is_never_given_permission(
    friendly: httpx2.AsyncClient, origin: str
) -> None:
    headers = {"origin": origin}
    assert permissions(await friendly.get("/api/rooms", headers=headers)) == set()
    before = await friendly.options("/api/announcements", headers={**headers, **ASKS})
    assert error(before, 403) == "origin_not_allowed"
    change = await friendly.post("/api/announcements", json=ANNOUNCEMENT, headers=headers)
    assert error(change, 403) == "origin_not_allowed"
    assert permissions(before) == permissions(change) == set()
    assert before.headers["vary"] == change.headers["vary"] == "origin"


@pytest.mark.parametrize("path", ["/", "/healthz", "/metrics", "/openapi.json", "/static/app.js"])
async def test_permission_is_for_the_api_alone(friendly: httpx2.AsyncClient, path: str) -> None:
    answer = await friendly.get(path, headers={"origin": FRIEND})
    assert answer.status_code == 200
    assert permissions(answer) == set()


async def test_where_no_origin_is_listed_nobody_is_given_permission(
    client: httpx2.AsyncClient,
) -> None:
    for origin in (FRIEND, f"http://{HOST}", "null"):
        answer = await client.get("/api/rooms", headers={"origin": origin})
        assert permissions(answer) == set()


@pytest.mark.parametrize("origin", [FRIEND, "null"])
async def test_a_star_permits_every_page_and_no_cookie(origin: str) -> None:
    async with serving(allowed_origins={"*"}) as service, client_of(service) as client:
        headers = {"origin": origin}
        answer = await client.get("/api/rooms", headers=headers)
        before = await client.options("/api/announcements", headers={**headers, **ASKS})
        assert (answer.status_code, before.status_code) == (200, 204)
        for each in (answer, before):
            assert each.headers["access-control-allow-origin"] == "*"
            assert "access-control-allow-credentials" not in each.headers


async def test_options_that_ask_nothing_are_refused_as_any_method_is(
    friendly: httpx2.AsyncClient,
) -> None:
    answer = await friendly.options("/api/rooms", headers={"origin": FRIEND})
    assert error(answer, 405) == "method_not_allowed"
