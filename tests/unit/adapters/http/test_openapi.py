"""The OpenAPI document against what is answered, both ways: nothing comes that it doesn't have,
and all that it has can come."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from application.errors import Unavailable
from tests.schemas import anything, mismatches, values
from tests.unit.adapters.http.asking import API_KEY, KNOWN, client_of, post_too_much, token_of
from tests.unit.adapters.websocket.asking import ask, asking
from tests.unit.adapters.websocket.driving import Service, serving


@pytest.fixture
async def document(client: httpx2.AsyncClient) -> Any:
    return (await client.get("/openapi.json")).json()


@pytest.fixture
async def operator() -> AsyncIterator[httpx2.AsyncClient]:
    """With a key, with which more is done."""
    async with serving(**KNOWN) as service, client_of(service, token=API_KEY) as client:
        yield client


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


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_whatever_an_operator_asks_nothing_is_answered_that_it_does_not_have(
    operator: httpx2.AsyncClient, document: Any, data: st.DataObject
) -> None:
    for operation in operations(document):
        request = data.draw(requests(document, operation))
        check(document, operation, await operator.request(**request))


Operation: TypeAlias = tuple[str, str]


class Asked(NamedTuple):
    """A request that is done, if whoever asks may do it."""

    path: str
    body: Any = None


JOB: Operation = ("get", "/api/jobs/{job_id}")
CANCEL: Operation = ("delete", "/api/jobs/{job_id}")
TICKETS: Operation = ("post", "/api/tickets")
READINESS: Operation = ("get", "/readyz")

DONE: dict[Operation, Asked] = {
    ("post", "/api/announcements"): Asked(
        "/api/announcements", {"channel": "chat", "message": "hello"}
    ),
    ("post", "/api/jobs"): Asked("/api/jobs", {"type": "analyze", "content": "hello"}),
    ("get", "/api/jobs"): Asked("/api/jobs"),
    JOB: Asked("/api/jobs/JOB"),
    CANCEL: Asked("/api/jobs/JOB"),
    ("get", "/api/rooms"): Asked("/api/rooms"),
    ("get", "/api/rooms/{room_name}/history"): Asked("/api/rooms/lobby/history"),
    ("post", "/api/tokens"): Asked("/api/tokens", {"sub": "ada", "expires_in": 60}),
    TICKETS: Asked("/api/tickets"),
    ("post", "/api/revocations"): Asked("/api/revocations", {"targets": ["sub:eve"]}),
    ("get", "/healthz"): Asked("/healthz"),
    READINESS: Asked("/readyz"),
    ("get", "/metrics"): Asked("/metrics"),
}
"""Every operation that the document has. JOB stands for the id of one."""

BROKEN_RULES: dict[Operation, Asked] = {
    ("post", "/api/announcements"): Asked(
        "/api/announcements", {"channel": "none", "message": "hello"}
    ),
    ("post", "/api/jobs"): Asked("/api/jobs", {"content": " "}),
    ("get", "/api/rooms/{room_name}/history"): Asked("/api/rooms/a%2Fb/history"),
    ("post", "/api/tokens"): Asked("/api/tokens", {"sub": "ada", "expires_in": 1e9}),
    ("post", "/api/revocations"): Asked("/api/revocations", {"targets": ["eve"]}),
}
"""Those that a rule of the domain can forbid."""

NEVER = {
    (operation, status)
    for operation in (("get", "/healthz"), READINESS)
    for status in ("429", "500")
}
"""What is documented of all at once, and can't come here."""

SETTINGS: dict[str, dict[str, Any]] = {
    "413": {"max_frame_bytes": 1_024},
    "429": {"address_request_burst": 1, "address_requests_per_second": 0.001},
}
HEADERS = {
    "400": {"host": "["},
}
"""What makes an answer of this status come."""

FOR_A_PAGE_ALONE = {(TICKETS, "403")}
"""A test below sends these from a page of another host: a ticket needs no right."""

NO_RIGHTS: dict[str, list[str]] = {"channels": ["none"], "allow": ["sub"]}


class Provoking:
    """Has an operation answered with whatever status the document has for it."""

    def __init__(self, service: Service, operation: Operation) -> None:
        self._service = service
        self._operation = operation

    async def ask(self, status: str, monkeypatch: pytest.MonkeyPatch) -> httpx2.Response:
        asked = DONE[self._operation]
        match status:
            case "200" | "201" | "202":
                asked = await self._of_a_job(asked)
            case "409":
                asked = await self._of_a_job(asked, until="result")
            case "413":
                asked = Asked(asked.path, "x" * 2_000)
            case "422":
                asked = (
                    Asked(f"{asked.path}?limit=0") if asked.body is None else Asked(asked.path, {})
                )
            case "429":
                await self._as(API_KEY, asked)
            case "503" if self._operation == READINESS:
                await self._service.registry.drain(0)
            case "500" | "503":
                error = RuntimeError("secret") if status == "500" else Unavailable()
                authenticator = self._service.container.authenticator()
                monkeypatch.setattr(authenticator, "authenticate", raising(error))
        return await self._as(self._token(status), asked, **HEADERS.get(status, {}))

    def _token(self, status: str) -> str:
        if status == "401":
            return "nonsense"
        if status == "403":
            return token_of(self._service, "ada", NO_RIGHTS)
        return token_of(self._service, "ada") if self._operation == TICKETS else API_KEY

    async def _as(self, token: str, asked: Asked, **headers: str) -> httpx2.Response:
        async with client_of(self._service, token=token) as client:
            body = {} if asked.body is None else {"json": asked.body}
            return await client.request(self._operation[0], asked.path, headers=headers, **body)

    async def _of_a_job(self, asked: Asked, until: str | None = None) -> Asked:
        if "JOB" not in asked.path:
            return asked
        async with asking(self._service) as jobs:
            job_id = await ask(jobs)
            if until is not None:
                await jobs.status(until)
        return Asked(asked.path.replace("JOB", job_id), asked.body)


def raising(error: Exception) -> Callable[..., Awaitable[Any]]:
    async def raise_it(*_arguments: Any) -> Any:
        raise error

    return raise_it


def test_every_operation_that_it_has_is_asked_for_here(document: Any) -> None:
    assert set(operations(document)) == set(DONE)


@pytest.mark.parametrize("operation", DONE)
async def test_every_answer_that_it_has_can_come_and_is_as_it_is_there(
    document: Any,
    operation: Operation,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    method, path = operation
    for status in document["paths"][path][method]["responses"]:
        if (operation, status) in NEVER | FOR_A_PAGE_ALONE:
            continue
        # A job stays long enough to be cancelled.
        pace = {"job_pace": 0 if status == "409" else 10}
        more = {**KNOWN, **pace, **SETTINGS.get(status, {})}
        async with serving(**more) as service:
            answer = await Provoking(service, operation).ask(status, monkeypatch)
        assert str(answer.status_code) == status, answer.text
        assert "secret" not in answer.text
        check(document, operation, answer)
    caplog.clear()


@pytest.mark.parametrize("operation", BROKEN_RULES)
async def test_what_a_rule_forbids_is_answered_as_it_is_there(
    document: Any, operation: Operation
) -> None:
    asked = BROKEN_RULES[operation]
    async with serving(**KNOWN) as service, client_of(service, token=API_KEY) as client:
        body = {} if asked.body is None else {"json": asked.body}
        answer = await client.request(operation[0], asked.path, **body)
        assert answer.status_code == 400
        check(document, operation, answer)


async def test_a_body_that_is_too_large_is_answered_as_it_is_there(document: Any) -> None:
    async with serving(max_frame_bytes=1_024) as service:
        for with_length in (True, False):
            answer = await post_too_much(service, with_length=with_length)
            assert answer.status_code == 413
            check(document, ("post", "/api/announcements"), answer)


async def test_a_page_of_another_host_is_answered_as_it_is_there(
    client: httpx2.AsyncClient, document: Any
) -> None:
    headers = {"origin": "https://evil.example"}
    for operation, asked in DONE.items():
        if operation[0] != "get":
            answer = await client.request(operation[0], asked.path, headers=headers)
            assert answer.status_code == 403
            check(document, operation, answer)


async def test_no_form_is_there_that_nothing_has(document: Any) -> None:
    assert not any("Validation" in name for name in document["components"]["schemas"])
