"""What the API answers to whatever goes wrong."""

import json

import httpx2
import pytest

from tests.sockets import PATHS
from tests.unit.adapters.http.asking import error


@pytest.mark.parametrize("path", ["/none", "/api", "/api/none", "/ws/none", "/favicon", "/%00"])
async def test_an_unknown_path_is_not_found(client: httpx2.AsyncClient, path: str) -> None:
    assert error(await client.get(path), 404) == "not_found"


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "/api/rooms"), ("GET", "/api/announcements"), ("POST", "/")]
)
async def test_a_method_that_is_not_offered_is_refused(
    client: httpx2.AsyncClient, method: str, path: str
) -> None:
    assert error(await client.request(method, path), 405) == "method_not_allowed"


@pytest.mark.parametrize("path", [*PATHS, "/ws/room/a%2Fb", "/ws/room/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_socket_that_is_asked_for_without_an_upgrade_says_that_it_is_one(
    client: httpx2.AsyncClient, method: str, path: str
) -> None:
    answer = await client.request(method, path)
    assert error(answer, 426) == "upgrade_required"
    assert answer.headers["upgrade"] == "websocket"


@pytest.mark.usefixtures("broken_rooms")
async def test_an_error_of_ours_gives_nothing_away(
    client: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await client.get("/api/rooms")
    assert error(answer, 500) == "internal"
    assert "secret" not in json.dumps(answer.json())
    caplog.clear()
