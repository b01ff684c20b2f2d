"""Names of libraries' insides, what they are, and what of ours relies on them."""

import ast
import asyncio
import inspect
import logging
from collections import deque
from collections.abc import Callable, Generator, Mapping
from importlib.metadata import version
from types import UnionType
from typing import Any, NamedTuple, TypeAlias, cast

import httptools
import uvicorn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState
from websockets.frames import Close
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol

Shape: TypeAlias = type | UnionType | str
Shapes: TypeAlias = Mapping[str, Shape]

UVICORN_WEBSOCKET: Shapes = {
    "connection_made": "transport",
    "connection_lost": "exc",
    "pause_writing": "",
    "resume_writing": "",
    "run_asgi": "",
    "send": "message",
    "shutdown": "",
    "app": Callable,  # type: ignore[dict-item]
    "client": tuple | None,
    "config": uvicorn.Config,
    "conn": ServerProtocol,
    "disconnected": bool,
    "handshake_complete": bool,
    "initial_response": tuple | None,
    "logger": logging.Logger,
    "request": Request,
    "response": Response,
    "scope": dict,
    "transport": asyncio.Transport,
    "writable": asyncio.Event,
}

UVICORN_READING: Shapes = {
    "data_received": "data",
    "handle_events": "",
    "handle_parser_exception": "",
    "receive": "",
    "send_receive_event_to_app": "",
    "close_sent": bool,
    "close_timer": asyncio.TimerHandle | None,
    "config": uvicorn.Config,
    "conn": ServerProtocol,
    "disconnected": bool,
    "handshake_complete": bool,
    "handshake_initiated": bool,
    "loop": asyncio.AbstractEventLoop,
    "queue": asyncio.Queue,
    "read_paused": bool,
    "transport": asyncio.Transport,
    "handle_cont": "event",
}

UVICORN_HTTP: Shapes = {
    "client": tuple | None,
    "connection_made": "transport",
    "connection_lost": "exc",
    "data_received": "data",
    "handle_websocket_upgrade": "",
    "on_body": "body",
    "on_headers_complete": "",
    "on_message_begin": "",
    "on_message_complete": "",
    "on_response_complete": "",
    "_should_upgrade": "",
    "_unset_keepalive_if_required": "",
    "flow": FlowControl,
    "headers": list,
    "parser": httptools.HttpRequestParser,
    "pipeline": deque,
    "transport": asyncio.Transport,
    "url": bytes,
}

UVICORN_REFUSING: Shapes = {
    "eof_received": "",
    "_start_asgi_task": "cycle app",
    "cycle": RequestResponseCycle,
    "flow": FlowControl,
    "loop": asyncio.AbstractEventLoop,
    "pipeline": deque,
    "transport": asyncio.Transport,
}

UVICORN_REQUEST: Shapes = {"disconnected": bool, "message_event": asyncio.Event}

UVICORN_RUNNING: Shapes = {"keep_alive": bool}

UVICORN_NEWEST: Shapes = {
    "disconnected": bool,
    "keep_alive": bool,
    "message_event": asyncio.Event,
    "response_complete": bool,
    "response_started": bool,
}

UVICORN_FLOW: Shapes = {"pause_reading": "", "resume_reading": ""}

UVICORN_SERVER: Shapes = {
    "_wait_tasks_to_complete": "",
    "force_exit": bool,
    "handle_exit": "sig frame",
    "on_tick": "counter",
    "shutdown": "sockets",
    "startup": "sockets",
    "_captured_signals": list,
    "server_state": ServerState,
    "servers": list,
    "started": bool,
}

UVICORN_STATE: Shapes = {"connections": set, "tasks": set}

WEBSOCKETS: Shapes = {
    "receive_data": "data",
    "close_sent": Close | None,
    "current_size": int | None,
    "events": list,
    "extensions": list,
    "parser": Generator,
    "parser_exc": Exception | None,
    "state": State,
}

GONE = object()


class Inside(NamedTuple):
    """A library's object, what we rely on of it, and the class of ours that does.

    In its source the object is called one of `names`.
    """

    library: str
    found: object
    shapes: Shapes
    user: type
    names: tuple[str, ...]


def problems(inside: Inside) -> list[str]:
    """A sentence for each name that isn't what we rely on."""
    owner = f"{inside.library} {version(inside.library)}: {type(inside.found).__name__}"
    relies = f"adapters/server: {inside.user.__name__} relies on it"
    sentences = []
    for name, shape in inside.shapes.items():
        value = getattr(inside.found, name, GONE)
        if value is GONE:
            sentences.append(f"{owner}.{name} is gone; {relies}")
        elif isinstance(shape, str):
            parameters = " ".join(inspect.signature(value).parameters)  # type: ignore[arg-type]
            if parameters != shape:
                sentences.append(f"{owner}.{name} takes ({parameters}), not ({shape}); {relies}")
        elif not isinstance(value, shape):
            sentences.append(f"{owner}.{name} is {value!r}, not of type {shape}; {relies}")
    return sentences


def attributes(source: object, *owners: str) -> set[str]:
    """The attributes that `source` uses of these."""
    tree = ast.parse(inspect.getsource(cast("Any", source)))
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in owners
    }
