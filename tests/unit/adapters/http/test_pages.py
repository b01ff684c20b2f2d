import re
from pathlib import Path

import httpx2
import pytest

from adapters.http import pages
from adapters.visitors import COOKIE
from tests.unit.adapters.http.asking import client_of
from tests.unit.adapters.websocket.driving import Service

STATIC = Path(pages.__file__).parent / "static"
PAGES = ["/", "/docs", "/asyncapi"]

every_page = pytest.mark.parametrize("path", PAGES)


def what_it_loads(page: str) -> list[str]:
    found: list[str] = re.findall(r'<(?:script|link|img)[^>]*?(?:src|href)="([^"]+)"', page)
    return [address for address in found if not address.startswith("data:")]


@every_page
async def test_a_page_is_served_as_a_page(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<title>Switchboard" in answer.text


@every_page
async def test_all_that_a_page_loads_is_served_by_us(client: httpx2.AsyncClient, path: str) -> None:
    addresses = what_it_loads((await client.get(path)).text)
    assert addresses
    for address in addresses:
        assert address.startswith("/"), address
        answer = await client.get(address)
        assert answer.status_code == 200, address
        assert answer.content


@every_page
async def test_no_page_names_another_host(client: httpx2.AsyncClient, path: str) -> None:
    assert re.findall(r"https?://|//cdn|//unpkg", (await client.get(path)).text) == []


@every_page
async def test_a_page_holds_no_script_or_style_that_its_policy_forbids(
    client: httpx2.AsyncClient, path: str
) -> None:
    text = (await client.get(path)).text
    assert re.findall(r"<script(?![^>]*\bsrc=)", text) == []
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=", text) == []


@pytest.mark.parametrize("name", sorted(file.name for file in STATIC.iterdir()))
async def test_static_files_are_served_as_they_are(client: httpx2.AsyncClient, name: str) -> None:
    answer = await client.get(f"/static/{name}")
    assert answer.status_code == 200
    assert answer.content == (STATIC / name).read_bytes()
    kind = {".js": "javascript", ".css": "css", ".html": "html", ".svg": "svg"}
    assert kind[Path(name).suffix] in answer.headers["content-type"]


@pytest.mark.parametrize(
    "path",
    [
        "/static/none.js",
        "/static/",
        "/static/../pages.py",
        "/static/%2e%2e/pages.py",
        "/static/..%2fpages.py",
        "/static/%00",
        "/static/" + "a" * 5_000,
        "/static//etc/passwd",
    ],
    ids=lambda path: path[:30],
)
async def test_nothing_else_is_served_as_a_static_file(
    client: httpx2.AsyncClient, path: str
) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


async def test_the_web_client_gives_a_browser_its_cookie_once(
    service: Service, client: httpx2.AsyncClient
) -> None:
    first = await client.get("/")
    cookie = first.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    for wanted in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=2592000"):
        assert wanted in cookie
    assert "Secure" not in cookie
    async with client_of(service, visitor="ab" * 16) as known:
        assert "set-cookie" not in (await known.get("/")).headers


async def test_a_cookie_given_over_tls_stays_on_tls(client: httpx2.AsyncClient) -> None:
    answer = await client.get("https://switchboard.test/")
    assert answer.headers["set-cookie"].endswith("; Secure")


async def test_the_web_client_is_asked_for_anew_each_time(service: Service) -> None:
    async with client_of(service, visitor="ab" * 16) as known:
        assert (await known.get("/")).headers["cache-control"] == "no-cache"


async def test_a_page_that_brings_a_cookie_is_for_nobody_else(client: httpx2.AsyncClient) -> None:
    first = await client.get("/")
    assert "set-cookie" in first.headers
    assert first.headers["cache-control"] == "no-store"


async def test_the_openapi_document_names_every_path_of_the_api(
    client: httpx2.AsyncClient,
) -> None:
    document = (await client.get("/openapi.json")).json()
    assert document["info"]["title"] == "Switchboard"
    assert set(document["paths"]) >= {
        "/api/announcements",
        "/api/jobs/{job_id}",
        "/api/rooms",
        "/healthz",
        "/readyz",
    }
    assert any("history" in path and "{room_name" in path for path in document["paths"])
    assert not any("/static" in path or path == "/" for path in document["paths"])
