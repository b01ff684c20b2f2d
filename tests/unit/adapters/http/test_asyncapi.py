"""The document about the sockets, held against `protocol.md`."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import yaml

from tests.sockets import CONSUMERS, DURABLE, PATHS, ROOM, feature_of

ADDRESSES = {path.replace(f"/{ROOM}", "/{room_name}"): path for path in PATHS}
"""Where clients find each socket, as the document writes it."""


def sent_on(path: str) -> set[str]:
    """The actions that a socket answers."""
    return set(CONSUMERS[path]._MESSAGE_HANDLER_INFO_MAP)


def heard_on(path: str) -> set[str]:
    """The actions that whoever connects must be ready for."""
    own = {message.model_fields["action"].default for message in feature_of(path).emits}
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
    """The actions of all messages of the channel at an address."""
    (channel,) = [each for each in document["channels"].values() if each["address"] == address]
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
