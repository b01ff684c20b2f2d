"""The document about the sockets, held against `protocol.md`."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import yaml

from adapters.sessions.disconnects import CloseCode
from adapters.websocket.feature import ToldFeature
from tests.schemas import mismatches
from tests.sockets import CONSUMERS, DURABLE, PATHS, ROOM, feature_of
from tests.unit.adapters.http.asking import client_of
from tests.unit.adapters.websocket.driving import serving

ADDRESSES = {path.replace(f"/{ROOM}", "/{room_name}"): path for path in PATHS}
"""Where clients find each socket, as the document writes it."""


def sent_on(path: str) -> set[str]:
    """The actions that a socket answers."""
    return set(CONSUMERS[path]._MESSAGE_HANDLER_INFO_MAP)


def heard_on(path: str) -> set[str]:
    """The actions that whoever connects must be ready for."""
    feature = feature_of(path)
    own = {message.model_fields["action"].default for message in feature.emits}
    if issubclass(feature, ToldFeature):
        own.add("gap")
    return {"pong", "disconnect", "error", *own, *({"recovered"} if path in DURABLE else ())}


@pytest.fixture
async def document(client: httpx2.AsyncClient) -> Any:
    answer = await client.get("/asyncapi.json")
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


def found_at(document: Any, reference: str) -> Any:
    place = document
    for step in reference.removeprefix("#/").split("/"):
        place = place[step.replace("~1", "/").replace("~0", "~")]
    return place


def resolved(document: Any, value: Any) -> Any:
    while "$ref" in value:
        value = found_at(document, value["$ref"])
    return value


def actions_at(document: Any, address: str) -> set[str]:
    """The actions of all messages of the socket at an address, without those of its topics."""
    channel = channels(document)[address]
    messages = [resolved(document, message) for message in channel["messages"].values()]
    payloads = [resolved(document, message["payload"]) for message in messages]
    return {payload["properties"]["action"]["const"] for payload in payloads}


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "$ref":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_every_socket_stands_at_the_address_clients_use(document: Any) -> None:
    assert {channel["address"] for channel in document["channels"].values()} == set(ADDRESSES)


def test_the_room_s_name_is_a_parameter(document: Any) -> None:
    (room,) = [c for c in document["channels"].values() if "{room_name}" in c["address"]]
    assert "room_name" in room["parameters"]


@pytest.mark.parametrize("address", sorted(ADDRESSES))
def test_every_action_that_clients_send_is_documented(document: Any, address: str) -> None:
    assert actions_at(document, address) >= sent_on(ADDRESSES[address])


@pytest.mark.parametrize("address", sorted(ADDRESSES))
def test_every_action_that_clients_get_is_documented(document: Any, address: str) -> None:
    assert actions_at(document, address) >= heard_on(ADDRESSES[address])


def channels(document: Any) -> dict[str, Any]:
    """Of each socket."""
    found = document["channels"].values()
    return {channel["address"]: channel for channel in found if "x-topic" not in channel}


def test_the_way_back_is_documented_where_there_is_one_and_nowhere_else(document: Any) -> None:
    for address, channel in channels(document).items():
        is_durable = ADDRESSES[address] in DURABLE
        assert ("recovered" in actions_at(document, address)) == is_durable
        assert ("bindings" in channel) == is_durable
        if is_durable:
            assert "since" in channel["bindings"]["ws"]["query"]["properties"]


async def test_a_socket_that_settings_made_durable_is_documented_so() -> None:
    lane = {"kind": "durable", "prefix": "chat", "capacity": 10, "expiry": 60}
    async with serving(lane_chat=lane) as service, client_of(service) as client:
        document = (await client.get("/asyncapi.json")).json()
    assert "recovered" in actions_at(document, "/ws/chat")
    assert "bindings" in channels(document)["/ws/chat"]


def test_every_socket_has_every_close_code_with_its_meaning(document: Any) -> None:
    for channel in document["channels"].values():
        codes = [close["code"] for close in channel["x-close-codes"]]
        assert codes == [code.value for code in CloseCode]
        assert all(close["description"] for close in channel["x-close-codes"])


def test_every_frame_has_to_say_its_action(document: Any) -> None:
    for message in document["components"]["messages"].values():
        schema = resolved(document, message["payload"])
        assert "action" in schema["required"], schema["title"]
        assert "const" in schema["properties"]["action"]


@pytest.mark.parametrize(
    ("payload", "fits"),
    [
        ([], True),
        ([{"type": "missing", "loc": ["payload", "0"], "msg": "Field required"}], True),
        ({"code": "room_is_full", "detail": "Full.", "retryable": False}, True),
        ({"code": "x", "detail": "X.", "retryable": True, "retry_after_ms": 5}, True),
        ({"code": "x", "detail": "X.", "retryable": True, "scope": "member"}, True),
        ({"code": "x", "detail": "X.", "retryable": True, "scope": "process"}, False),
        ({"code": "x", "detail": "X.", "retryable": True, "more": 1}, False),
        ([{"type": "missing"}], False),
        ({"code": "x", "detail": "X."}, False),
        ("went wrong", False),
        (None, False),
    ],
)
def test_an_error_is_a_list_of_problems_or_a_refusal(
    document: Any, payload: Any, fits: bool
) -> None:
    frame = {"action": "error", "payload": payload}
    schema = document["components"]["schemas"]["ErrorMessage"]
    assert (list(mismatches(document, schema, frame)) == []) is fits


def test_every_reference_leads_somewhere(document: Any) -> None:
    found = list(references(document))
    assert found
    for reference in found:
        assert found_at(document, reference)


def test_no_socket_leads_to_another_host(document: Any) -> None:
    for server in document["servers"].values():
        assert server["host"] == "switchboard.test"
        assert server["protocol"] == "ws"


def test_the_document_is_titled_and_versioned(document: Any) -> None:
    assert document["asyncapi"].startswith("3.")
    assert document["info"]["title"] == "Switchboard"
    assert document["info"]["version"]


async def test_yaml_says_the_same_as_json(client: httpx2.AsyncClient, document: Any) -> None:
    answer = await client.get("/asyncapi.yaml")
    assert answer.headers["content-type"].startswith("application/yaml")
    assert yaml.safe_load(answer.text) == document


async def test_the_page_reads_our_document(client: httpx2.AsyncClient) -> None:
    assert 'src="/asyncapi.json"' in (await client.get("/asyncapi")).text


async def test_asking_twice_gives_the_same_document(
    client: httpx2.AsyncClient, document: Any
) -> None:
    assert (await client.get("/asyncapi.json")).json() == document
