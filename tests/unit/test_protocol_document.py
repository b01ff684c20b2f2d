"""`docs/protocol.md` held against the service itself, in both directions."""

import ast
import re
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import pytest

import bootstrap
from adapters.environment import GROUPS, flat_name
from adapters.http import failures
from adapters.sessions.disconnects import CloseCode
from adapters.websocket.job_frames import JobStatusPayload
from application.errors import Refusal
from application.ports import LossReason
from domain.errors import BrokenRule
from tests.unit.adapters.http.asking import client_of
from tests.unit.adapters.websocket.driving import serving
from tests.unit.protocol import (
    PROTOCOL,
    actions,
    fields,
    messages_of,
    payload_of,
    quoted,
    resolved,
    rows,
    sections,
)

SRC = Path(bootstrap.__file__).parent


FROM_EVERY_CLIENT = {"ping", "authenticate"}


TO_EVERY_CLIENT = {"pong", "authenticated", "auth_expiring", "error", "disconnect"}


ANYWHERE = {"400", "429", "500"}
"""The page says once that any request may be answered so."""


CODE = re.compile(r"[a-z]+(_[a-z]+)*")


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    async with serving() as service, client_of(service) as asking:
        yield asking


@pytest.fixture
async def asyncapi(client: httpx2.AsyncClient) -> Any:
    return (await client.get("/asyncapi.json")).json()


@pytest.fixture
async def openapi(client: httpx2.AsyncClient) -> Any:
    return (await client.get("/openapi.json")).json()


def test_every_socket_and_what_is_sent_on_it_stands_there(asyncapi: Any) -> None:
    sent, heard = actions(asyncapi, "client"), actions(asyncapi, "server")
    table = {quoted(path)[0]: cells for path, *cells in rows("Sockets")}
    assert table.keys() == sent.keys()
    for address, (sends, hears, durable) in table.items():
        assert FROM_EVERY_CLIENT | set(quoted(sends)) == sent[address]
        recovers = {"recovered"} if durable else set()
        told = {"gap"} if address not in ("/ws/system", "/ws/topics") else set()
        assert TO_EVERY_CLIENT | recovers | told | set(quoted(hears)) == heard[address]


def test_every_frame_has_the_fields_that_stand_there(asyncapi: Any) -> None:
    said = [
        (quoted(action)[0], sender, payload.strip("`"))
        for action, sender, payload, _ in rows("Frames")
    ]
    documented = {
        (action, sender, fields(asyncapi, schema))
        for _, sender, message in messages_of(asyncapi)
        for action, schema in [payload_of(asyncapi, message)]
    }
    assert len(said) == len(set(said))
    assert set(said) == documented


def test_every_field_of_a_refusal_stands_there(asyncapi: Any, openapi: Any) -> None:
    refusals = [
        ("Errors", asyncapi, "RefusalPayload"),
        ("HTTP", openapi, "Failure"),
        ("HTTP", openapi, "TooMuch"),
    ]
    for section, document, form in refusals:
        schema = document["components"]["schemas"][form]
        assert fields(document, schema) in sections()[section], form


def test_every_send_that_takes_a_key_stands_there(asyncapi: Any) -> None:
    takes_key = {
        payload_of(asyncapi, message)[0]
        for _, sender, message in messages_of(asyncapi)
        if sender == "client"
        and "key" in resolved(asyncapi, resolved(asyncapi, message)["payload"])["properties"]
    }
    first_sentence = sections()["Idempotency keys"].partition(" may carry")[0]
    assert set(quoted(first_sentence)) == takes_key


def test_it_says_which_sockets_give_cursors(asyncapi: Any) -> None:
    has_cursor = {
        address
        for address, sender, message in messages_of(asyncapi, of_topics=False)
        if sender == "server"
        and "cursor" in resolved(asyncapi, resolved(asyncapi, message)["payload"])["properties"]
    }
    assert {quoted(path)[0] for path, _, _, durable in rows("Sockets") if durable} == has_cursor


def test_every_status_of_a_job_stands_there() -> None:
    statuses = JobStatusPayload.model_json_schema()["properties"]["status"]["enum"]
    assert [quoted(status)[0] for status, *_ in rows("Jobs")] == statuses


def test_every_reason_of_a_loss_stands_there() -> None:
    table = {quoted(reason)[0] for reason, _ in rows("Positions and recovery")}
    assert table == {reason.value for reason in LossReason}


def test_every_close_code_stands_there() -> None:
    assert [int(code) for code, *_ in rows("Close codes")] == [code.value for code in CloseCode]


def kinds(error: type[BrokenRule | Refusal]) -> Iterator[type[BrokenRule | Refusal]]:
    for kind in error.__subclasses__():
        yield kind
        yield from kinds(kind)


def codes_of(file: Path) -> Iterator[str]:
    """Codes that are no error's own: literals that are followed by a sentence for people."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(args=parts, keywords=keywords):
                values = [*parts, *(keyword.value for keyword in keywords)]
            case ast.Tuple(elts=values):
                pass
            case _:
                continue
        for value, after in pairwise(values):
            match value, after:
                case ast.Constant(value=str(code)), ast.Constant(value=str(detail)):
                    if CODE.fullmatch(code) and detail.endswith("."):
                        yield code
                case ast.Constant(value=str(code)), ast.JoinedStr():
                    if CODE.fullmatch(code):
                        yield code
                case _:
                    pass


def test_every_code_of_an_error_frame_stands_there() -> None:
    own = {kind.code for tree in (BrokenRule, Refusal) for kind in kinds(tree)}
    others = {
        code
        for name in ("sessions/frames.py", "websocket/replies.py")
        for code in codes_of(SRC / "adapters" / name)
    }
    assert {quoted(code)[0] for code, *_ in rows("Errors")} == own | others


def test_it_says_which_errors_are_worth_another_try() -> None:
    worth = {quoted(code)[0] for code, retryable, _ in rows("Errors") if retryable == "yes"}
    assert {kind.code for kind in kinds(Refusal)} <= worth
    assert not {kind.code for kind in kinds(BrokenRule)} & worth


def test_every_code_of_http_stands_there() -> None:
    in_frames = {quoted(code)[0] for code, *_ in rows("Errors")}
    others = {
        code
        for name in ("sessions/disconnects.py", "http/failures.py")
        for code in codes_of(SRC / "adapters" / name)
    }
    by_status = {*failures._CODES.values(), "http_error"}
    table = {quoted(code)[0] for code, *_ in rows("HTTP", 1)}
    assert table == (others | by_status) - in_frames


def http_rows() -> Iterator[tuple[str, str, set[str]]]:
    for requests, statuses, _ in rows("HTTP"):
        for request in quoted(requests):
            method, path = request.split()
            yield method.lower(), path, set(statuses.split(", "))


def test_every_route_over_http_stands_there_with_its_statuses(openapi: Any) -> None:
    table = {(method, path): statuses for method, path, statuses in http_rows()}
    for path, operations in openapi["paths"].items():
        for method, operation in operations.items():
            assert operation["responses"].keys() == table[method, path] | ANYWHERE


async def test_every_request_that_stands_there_is_answered(
    client: httpx2.AsyncClient, openapi: Any
) -> None:
    for method, path, statuses in http_rows():
        if path in openapi["paths"]:
            assert method in openapi["paths"][path]
        else:
            assert str((await client.request(method, path)).status_code) in statuses, path


def test_every_setting_it_names_exists() -> None:
    settings = {
        flat_name(group, field) for group in GROUPS.values() for field in group.model_fields
    }
    spans = quoted(PROTOCOL.read_text(encoding="utf-8"))
    named = {span for span in spans if re.fullmatch(r"[A-Z]+(_[A-Z]+)+", span)}
    assert named
    assert {name.lower() for name in named} <= settings
