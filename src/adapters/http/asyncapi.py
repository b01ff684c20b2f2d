"""The AsyncAPI 3 document, found from the consumers themselves."""

from collections.abc import Collection
from typing import Any

from chanx.asyncapi.generator import AsyncAPIGenerator
from chanx.fast_channels.discovery import FastAPIRouteDiscovery
from fastapi import FastAPI
from pydantic import TypeAdapter

from adapters.sessions.disconnects import CLOSES, CloseCode
from adapters.sessions.frames import Problem, RefusalPayload

SINCE = {
    "method": "GET",
    "query": {
        "type": "object",
        "properties": {
            "since": {
                "type": "string",
                "description": "The cursor to come back to. The jobs socket takes several.",
            }
        },
    },
    "bindingVersion": "0.1.0",
}
"""The binding of sockets on which a client can come back."""


def asyncapi(app: FastAPI, durable: Collection[str]) -> dict[str, Any]:
    """The whole document but for its `servers`, which depend on who asks.

    `durable` has the paths of the sockets that a client can come back to with a cursor.
    """
    document = AsyncAPIGenerator(
        FastAPIRouteDiscovery(app).discover_routes(), app.title, app.version, app.description
    ).generate()
    closes = [_close(code) for code in CloseCode]
    for name, channel in document["channels"].items():
        if channel["address"] in durable:
            channel["bindings"] = {"ws": SINCE}
        elif "x-topic" not in channel:
            _drop(document, name, "recovered")
        # chanx (2.13) keeps Starlette's converter in the address, which no client knows.
        channel["address"] = channel["address"].replace(":path}", "}")
        channel["x-close-codes"] = closes
    schemas = document["components"]["schemas"]
    document["components"]["schemas"] = {
        name: _with_required_action(schema) for name, schema in schemas.items()
    }
    _type_errors(document["components"]["schemas"])
    del document["servers"]
    return document


def _drop(document: dict[str, Any], channel: str, message: str) -> None:
    """Take a message off one channel: every consumer has it among those that it sends."""
    document["channels"][channel]["messages"].pop(message, None)
    dropped = {"$ref": f"#/channels/{channel}/messages/{message}"}
    for operation in document["operations"].values():
        operation["messages"] = [each for each in operation["messages"] if each != dropped]


def _close(code: CloseCode) -> dict[str, Any]:
    meaning, then = CLOSES[code]
    return {"code": code.value, "description": meaning, "x-client": then}


def _with_required_action(schema: dict[str, Any]) -> dict[str, Any]:
    """pydantic leaves a constant with a default optional; on the wire it tells frames apart."""
    properties = schema.get("properties", {})
    if "const" not in properties.get("action", {}):
        return schema
    action = {name: value for name, value in properties["action"].items() if name != "default"}
    return {
        **schema,
        "properties": {**properties, "action": action},
        "required": ["action", *schema.get("required", ())],
    }


def _type_errors(schemas: dict[str, Any]) -> None:
    """Say of `error` what it holds; chanx (2.13) has it as anything."""
    form: TypeAdapter[Any] = TypeAdapter(list[Problem] | RefusalPayload)
    payload = form.json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(payload.pop("$defs"))
    error = schemas["ErrorMessage"]
    schemas["ErrorMessage"] = {
        **error,
        "description": "A frame was not done: what isn't valid in it, or why it is refused.",
        "properties": {**error["properties"], "payload": payload},
        "required": ["action", "payload"],
    }
