"""Documents are made once, are not sent again to whoever has them, and shrink for whoever can
unpack them."""

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import yaml

from adapters.http import documents
from tests.unit.adapters.http.asking import client_of
from tests.unit.adapters.websocket.driving import Service

PATHS = ["/openapi.json", "/asyncapi.json", "/asyncapi.yaml"]

every_document = pytest.mark.parametrize("path", PATHS)


@pytest.fixture
async def bare(service: Service) -> AsyncIterator[httpx2.AsyncClient]:
    """A client that accepts no encoding unless it says so."""
    async with client_of(service) as client:
        del client.headers["accept-encoding"]
        yield client


async def raw(client: httpx2.AsyncClient, path: str, **headers: str) -> tuple[Any, bytes]:
    """The answer, and its body as it came."""
    async with client.stream("GET", path, headers=headers) as answer:
        return answer, b"".join([piece async for piece in answer.aiter_raw()])


@every_document
@pytest.mark.parametrize(
    ("accepts", "packs"),
    [
        ("gzip", True),
        ("GZip;q=0.5", True),
        ("br, gzip, deflate", True),
        ("br;q=1,gzip;q=0.001", True),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.0, br", False),
        ("br, gzip;q=0", False),
        ("notgzip, gzipped", False),
        ("", False),
    ],
)
async def test_it_is_compressed_where_the_client_accepts_that(
    bare: httpx2.AsyncClient, path: str, accepts: str, packs: bool
) -> None:
    plain, text = await raw(bare, path)
    answer, body = await raw(bare, path, **{"accept-encoding": accepts})
    assert "content-encoding" not in plain.headers
    assert (answer.headers.get("content-encoding") == "gzip") is packs
    assert (gzip.decompress(body) if packs else body) == text
    assert len(body) * 3 < len(text) or not packs
    assert int(answer.headers["content-length"]) == len(body)
    assert answer.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    assert (answer.headers["etag"] != plain.headers["etag"]) is packs


@every_document
@pytest.mark.parametrize("accepts", ["gzip", "identity"])
@pytest.mark.parametrize("known", ["{}", "W/{}", '"other", {}', "*"])
async def test_whoever_has_it_is_told_so(
    client: httpx2.AsyncClient, path: str, accepts: str, known: str
) -> None:
    headers = {"accept-encoding": accepts}
    first = await client.get(path, headers=headers)
    etag = first.headers["etag"]
    again = await client.get(path, headers={**headers, "if-none-match": known.format(etag)})
    assert (again.status_code, again.content) == (304, b"")
    for name in ("etag", "vary", "cache-control"):
        assert again.headers[name] == first.headers[name]


@every_document
@pytest.mark.parametrize("known", ["", '"other"', "nonsense", '"*"', ",,,"])
async def test_whoever_has_another_is_given_it(
    client: httpx2.AsyncClient, path: str, known: str
) -> None:
    answer = await client.get(path, headers={"if-none-match": known})
    assert answer.status_code == 200
    assert answer.content


async def test_they_are_made_once_however_often_and_by_whatever_name_they_are_asked_for(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    for name in ("asyncapi", "openapi"):
        make = getattr(documents, name)

        def counted(*given: Any, name: str = name, make: Any = make) -> Any:
            made.append(name)
            return make(*given)

        monkeypatch.setattr(documents, name, counted)
    printed = yaml.safe_dump

    def counted_yaml(value: Any, **how: Any) -> Any:
        if "channels" in value:
            made.append("yaml")
        return printed(value, **how)

    monkeypatch.setattr(yaml, "safe_dump", counted_yaml)
    for number in range(3 * documents.KEPT_HOSTS):
        for path in PATHS:
            host = f"host-{number}.example"
            answer = await client.get(path, headers={"host": host})
            assert (host in answer.text) is path.startswith("/asyncapi")
    assert sorted(made) == ["asyncapi", "openapi", "yaml"]


@pytest.mark.parametrize("host", ["a.example", "[::1]:8080", "127.0.0.1:80", "1.0", "0x10:8"])
async def test_the_server_is_the_one_that_was_asked(client: httpx2.AsyncClient, host: str) -> None:
    for scheme, protocol in (("http", "ws"), ("https", "wss")):
        for path, read in (("/asyncapi.json", json.loads), ("/asyncapi.yaml", yaml.safe_load)):
            answer = await client.get(f"{scheme}://x{path}", headers={"host": host})
            (server,) = read(answer.text)["servers"].values()
            assert server == {"host": host, "protocol": protocol}


# Who may keep an answer.


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/jobs/none",
        "/api/rooms",
        "/api/rooms/lobby/history",
        "/api/none",
        "/none",
        "/healthz",
        "/readyz",
        "/metrics",
    ],
)
async def test_nobody_keeps_what_is_private_or_of_the_moment(
    client: httpx2.AsyncClient, path: str
) -> None:
    assert (await client.get(path)).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", [*PATHS, "/docs", "/asyncapi", "/static/app.js"])
async def test_what_is_the_same_for_all_can_be_asked_for_again_by_its_fingerprint(
    client: httpx2.AsyncClient, path: str
) -> None:
    answer = await client.get(path)
    assert answer.headers["etag"]
    assert "no-store" not in answer.headers.get("cache-control", "")
