"""The document about the sockets, held against `protocol.md`."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import yaml

ADDRESSES = {
    "/ws/system",
    "/ws/chat",
    "/ws/reliable",
    "/ws/notifications",
    "/ws/analytics",
    "/ws/room/{room_name}",
    "/ws/background_jobs",
}

FROM_CLIENTS = {
    "/ws/system": {"ping", "user_message"},
    "/ws/chat": {"ping", "chat"},
    "/ws/reliable": {"ping", "reliable_chat"},
    "/ws/notifications": {"ping", "notification"},
    "/ws/analytics": {"ping", "analytics", "analytics_tally"},
    "/ws/room/{room_name}": {"ping", "room_chat", "room_members"},
    "/ws/background_jobs": {"ping", "job", "job_cancel", "job_watch", "job_list"},
}

TO_CLIENTS = {
    "/ws/system": {"pong", "disconnect", "error", "system_echo"},
    "/ws/chat": {"pong", "disconnect", "error", "chat_notification"},
    "/ws/reliable": {"pong", "disconnect", "error", "recovered", "reliable_chat_notification"},
    "/ws/notifications": {"pong", "disconnect", "error", "notification_broadcast"},
    "/ws/analytics": {
        "pong",
        "disconnect",
        "error",
        "recovered",
        "analytics_notification",
        "analytics_tally",
    },
    "/ws/room/{room_name}": {
        "pong",
        "disconnect",
        "error",
        "recovered",
        "room_notification",
        "room_members",
    },
    "/ws/background_jobs": {"pong", "disconnect", "error", "recovered", "job_status", "job_list"},
}


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
    assert {channel["address"] for channel in document["channels"].values()} == ADDRESSES


def test_the_room_s_name_is_a_parameter(document: Any) -> None:
    (room,) = [c for c in document["channels"].values() if "{room_name}" in c["address"]]
    assert "room_name" in room["parameters"]


@pytest.mark.parametrize("address", sorted(ADDRESSES))
def test_every_action_that_clients_send_is_documented(document: Any, address: str) -> None:
    assert actions_at(document, address) >= FROM_CLIENTS[address]


@pytest.mark.parametrize("address", sorted(ADDRESSES))
def test_every_action_that_clients_get_is_documented(document: Any, address: str) -> None:
    assert actions_at(document, address) >= TO_CLIENTS[address]


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
