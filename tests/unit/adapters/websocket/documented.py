"""Every frame that a test of the sockets sees is held against the AsyncAPI document."""

import re
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI

from adapters.http.app import SOCKETS
from adapters.http.asyncapi import asyncapi
from adapters.websocket.routes import durable_paths
from tests.schemas import mismatches
from tests.unit.protocol import messages_of, payload_of, resolved

COMPLETIONS = {"complete", "group_complete", "event_complete"}
"""Sent with a setting for tests alone, and documented on the page of the protocol only."""

ENVELOPE = {"ref", "version", "key", "topic", "seq", "cursor"}
"""Beside `payload`, and in the document only where every such frame has it: what an answer carries
over from the frame that it answers, and the cursor, also of a lane that settings made durable."""

_documents: dict[frozenset[Any], Any] = {}


def document_of(app: FastAPI) -> Any:
    """It depends on nothing but the sockets that there are, and which of them are durable."""
    container = app.state.container
    durable = durable_paths(container.features(), container.settings().lane_plans())
    sockets = frozenset([*container.features(), *durable])
    if sockets not in _documents:
        _documents[sockets] = asyncapi(app, {SOCKETS + path for path in durable})
    return _documents[sockets]


def schemas_at(document: Any, path: str) -> dict[str, Any]:
    """The schemas of what the server sends at a path, by their actions."""
    path = unquote(path.partition("?")[0])
    found = {}
    for address, sender, message in messages_of(document):
        pattern = re.sub(r"\\{\w+\\}", ".*", re.escape(address))
        if sender == "server" and re.fullmatch(pattern, path, re.DOTALL):
            schema = resolved(document, resolved(document, message)["payload"])
            found[payload_of(document, message)[0]] = schema
    return found


def check_documented(app: FastAPI, path: str, frame: Any) -> None:
    document = document_of(app)
    schemas = schemas_at(document, path)
    # What is no socket's path is not in the document: whoever asks for it is sent away.
    if schemas and frame["action"] not in COMPLETIONS:
        assert frame["action"] in schemas, (path, frame)
        schema = schemas[frame["action"]]
        more = ENVELOPE - schema["properties"].keys()
        own = {name: value for name, value in frame.items() if name not in more}
        assert list(mismatches(document, schema, own)) == []
