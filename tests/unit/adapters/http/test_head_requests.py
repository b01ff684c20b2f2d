"""HEAD is answered wherever GET is, as GET is, without a body."""

import httpx2
import pytest

from tests.unit.adapters.http.asking import error

VARYING = {"set-cookie", "content-length"}
"""A new visitor gets another cookie each time; the metrics grow."""


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/docs",
        "/asyncapi",
        "/asyncapi.json",
        "/asyncapi.yaml",
        "/openapi.json",
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/rooms",
        "/api/rooms/lobby/history",
        "/api/rooms/lobby/history?limit=0",
        "/api/jobs/none",
        "/static/app.js",
        "/static/none.js",
        "/assets/asyncapi/none.js",
        "/none",
        "/ws/chat",
    ],
)
async def test_head_is_answered_as_get_is_without_a_body(
    client: httpx2.AsyncClient, path: str
) -> None:
    head = await client.head(path)
    client.cookies.clear()
    get = await client.get(path)
    assert head.status_code == get.status_code
    assert head.content == b""
    for name in get.headers.keys() - VARYING:
        assert head.headers[name] == get.headers[name], name


async def test_head_is_refused_where_get_is(client: httpx2.AsyncClient) -> None:
    assert (await client.head("/api/announcements")).status_code == 405


async def test_a_method_that_is_refused_is_told_that_head_is_not(
    client: httpx2.AsyncClient,
) -> None:
    answer = await client.delete("/api/rooms")
    assert error(answer, 405) == "method_not_allowed"
    assert answer.headers["allow"] == "GET, HEAD"
