"""The OpenAPI document against what is answered, both ways: nothing comes that it doesn't have,
and all that it has can come."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from application.errors import Unavailable
from tests.schemas import anything, mismatches, values
from tests.unit.adapters.http.asking import client_of, post_too_much
from tests.unit.adapters.websocket.asking import ask, asking
from tests.unit.adapters.websocket.driving import Service, serving

ANNOUNCEMENTS = ("post", "/api/announcements")
JOB = ("get", "/api/jobs/{job_id}")
ROOMS = ("get", "/api/rooms")
HISTORY = ("get", "/api/rooms/{room_name}/history")


@pytest.fixture
async def document(client: httpx2.AsyncClient) -> Any:
    return (await client.get("/openapi.json")).json()


def check(document: Any, operation: tuple[str, str], answer: httpx2.Response) -> None:
    """The document has this answer, as it is."""
    method, path = operation
    answers = document["paths"][path][method]["responses"]
    assert str(answer.status_code) in answers, (operation, answer.status_code, answer.text)
    kind = answer.headers["content-type"].partition(";")[0]
    schema = answers[str(answer.status_code)]["content"][kind]["schema"]
    value = answer.json() if kind == "application/json" else answer.text
    assert list(mismatches(document, schema, value)) == []


def operations(document: Any) -> list[tuple[str, str]]:
    return [(method, path) for path, those in document["paths"].items() for method in those]


# A client resolves these before it asks.
path_parts = st.text(min_size=1).filter(lambda part: part not in (".", ".."))


@st.composite
def requests(draw: st.DrawFn, document: Any, operation: tuple[str, str]) -> dict[str, Any]:
    """A request as the document has it, or one that is wrong in some way."""
    method, path = operation
    asked = document["paths"][path][method]
    places: dict[str, str] = {}
    query: dict[str, str] = {}
    for parameter in asked.get("parameters", ()):
        fits = values(document, parameter["schema"])
        value = draw(fits | anything if parameter["in"] == "query" else path_parts)
        given = places if parameter["in"] == "path" else query
        given[parameter["name"]] = str(value)
    url = re.sub(r"\{(\w+)\}", lambda name: _quoted(places[name[1]]), path)
    headers = draw(st.sampled_from([{}, {"origin": "https://evil.example"}, {"host": "["}]))
    request: dict[str, Any] = {"method": method, "url": url, "params": query, "headers": headers}
    if "requestBody" in asked:
        schema = asked["requestBody"]["content"]["application/json"]["schema"]
        request["content"] = draw(
            st.binary(max_size=50) | (values(document, schema) | anything).map(_json)
        )
        headers = {**headers, "content-type": draw(st.sampled_from(["application/json", "a/b"]))}
        request["headers"] = headers
    return request


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def _json(value: Any) -> bytes:
    return httpx2.Request("POST", "http://x", json=value).content


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_whatever_is_asked_nothing_is_answered_that_it_does_not_have(
    client: httpx2.AsyncClient, document: Any, data: st.DataObject
) -> None:
    for operation in operations(document):
        request = data.draw(requests(document, operation))
        check(document, operation, await client.request(**request))


EVERYWHERE = {"400", "500"}

PROVOKED: dict[tuple[str, str], dict[str, Callable[[httpx2.AsyncClient], Any]]] = {
    ANNOUNCEMENTS: {
        "202": lambda client: announce(client, "chat", "hello"),
        "400": lambda client: announce(client, "none", "hello"),
        "403": lambda client: announce(client, "chat", "hello", origin="https://evil.example"),
        "422": lambda client: client.post("/api/announcements", json={}),
    },
    JOB: {"404": lambda client: client.get("/api/jobs/none")},
    ROOMS: {"200": lambda client: client.get("/api/rooms")},
    HISTORY: {
        "200": lambda client: client.get("/api/rooms/lobby/history"),
        "400": lambda client: client.get("/api/rooms/a%2Fb/history"),
        "422": lambda client: client.get("/api/rooms/lobby/history?limit=0"),
    },
    ("get", "/healthz"): {"200": lambda client: client.get("/healthz")},
    ("get", "/readyz"): {"200": lambda client: client.get("/readyz")},
    ("get", "/metrics"): {"200": lambda client: client.get("/metrics")},
}
ELSEWHERE = {
    (ANNOUNCEMENTS, "413"),
    (ANNOUNCEMENTS, "503"),
    (JOB, "200"),
    (JOB, "503"),
    (ROOMS, "503"),
    (HISTORY, "503"),
    (("get", "/readyz"), "503"),
}
"""What other tests below provoke."""


async def announce(
    client: httpx2.AsyncClient, channel: str, message: str, **headers: str
) -> httpx2.Response:
    body = {"channel": channel, "message": message}
    return await client.post("/api/announcements", json=body, headers=headers)


def test_all_that_it_has_is_provoked_here(document: Any) -> None:
    provoked = {(operation, status) for operation, them in PROVOKED.items() for status in them}
    documented = {
        ((method, path), status)
        for method, path in operations(document)
        for status in document["paths"][path][method]["responses"]
    }
    everywhere = {(operation, status) for operation in PROVOKED for status in EVERYWHERE}
    assert documented == provoked | ELSEWHERE | everywhere


@pytest.mark.parametrize(
    ("operation", "status"),
    [(operation, status) for operation, them in PROVOKED.items() for status in them],
)
async def test_an_answer_that_it_has_comes_as_it_is_there(
    client: httpx2.AsyncClient, document: Any, operation: tuple[str, str], status: str
) -> None:
    answer = await PROVOKED[operation][status](client)
    assert str(answer.status_code) == status
    check(document, operation, answer)


@pytest.mark.parametrize("operation", PROVOKED)
async def test_every_request_by_another_name_is_answered_400(
    client: httpx2.AsyncClient, document: Any, operation: tuple[str, str]
) -> None:
    method, path = operation
    path = re.sub(r"\{\w+\}", "x", path)
    answer = await client.request(method, path, headers={"host": "["})
    assert answer.status_code == 400
    check(document, operation, answer)


async def test_a_body_that_is_too_large_is_answered_as_it_is_there(document: Any) -> None:
    async with serving(max_frame_bytes=1_024) as service:
        for with_length in (True, False):
            answer = await post_too_much(service, with_length=with_length)
            assert answer.status_code == 413
            check(document, ANNOUNCEMENTS, answer)


async def test_a_job_is_told_as_it_is_there(service: Service, document: Any) -> None:
    async with asking(service) as jobs, client_of(service) as client:
        answer = await client.get(f"/api/jobs/{await ask(jobs)}")
        assert answer.status_code == 200
        check(document, JOB, answer)


async def test_without_its_backend_it_answers_as_it_is_there(
    service: Service,
    client: httpx2.AsyncClient,
    document: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def unavailable(*_arguments: Any, **_named: Any) -> None:
        raise Unavailable

    container = service.container
    monkeypatch.setattr(container.announcements(), "announce", unavailable)
    monkeypatch.setattr(container.jobs(), "get", unavailable)
    for ask_for in ("rooms", "recent"):
        monkeypatch.setattr(container.rooms(), ask_for, unavailable)
    asked = {
        ANNOUNCEMENTS: await announce(client, "chat", "hello"),
        JOB: await client.get("/api/jobs/none"),
        ROOMS: await client.get("/api/rooms"),
        HISTORY: await client.get("/api/rooms/lobby/history"),
    }
    await service.registry.drain(0)
    asked["get", "/readyz"] = await client.get("/readyz")
    for operation, answer in asked.items():
        assert answer.status_code == 503, operation
        check(document, operation, answer)


@pytest.mark.usefixtures("broken_rooms")
async def test_an_error_of_ours_is_answered_as_it_is_there(
    client: httpx2.AsyncClient, document: Any, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await client.get("/api/rooms")
    assert answer.status_code == 500
    check(document, ROOMS, answer)
    caplog.clear()


async def test_no_form_is_there_that_nothing_has(document: Any) -> None:
    assert not any("Validation" in name for name in document["components"]["schemas"])
