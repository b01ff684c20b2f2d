"""What we use of uvicorn and `websockets` that they don't document: decision 0012.

If a test fails here after an upgrade, read what the release changed, then the module that the
failure names. Methods stand with the parameters that they take, attributes with their type.
"""

import inspect
from http import HTTPStatus

import pytest
import uvicorn
from uvicorn.protocols.http.flow_control import service_unavailable
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import ProtocolError
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from adapters.server.buffered_transport import BufferedTransport
from adapters.server.frames import FrameParser
from adapters.server.http_refusals import HeldFlow, RefusingProtocol
from adapters.server.http_uvicorn import HttpProtocol
from adapters.server.message_queue import MessageQueue
from adapters.server.serving import TICKS_PER_SECOND, DrainingServer
from adapters.server.websocket_reading import ReadingProtocol
from adapters.server.websocket_uvicorn import WebSocketProtocol
from adapters.server.writable import Writable
from tests.unit.adapters.server.connections import Connection, Recorder, until
from tests.unit.adapters.server.insides import (
    UVICORN_FLOW,
    UVICORN_HTTP,
    UVICORN_NEWEST,
    UVICORN_READING,
    UVICORN_REFUSING,
    UVICORN_REQUEST,
    UVICORN_RUNNING,
    UVICORN_SERVER,
    UVICORN_STATE,
    UVICORN_WEBSOCKET,
    WEBSOCKETS,
    Inside,
    attributes,
    problems,
)
from tests.unit.adapters.server.wire import MASK, Wire, client_frame, masked


@pytest.fixture
async def insides() -> list[Inside]:
    """All of them, each as it is when it has done something."""
    connection = Connection("stock", Recorder())
    await connection.open()
    await connection.hang_up()
    websocket = connection.protocol
    http = HttpToolsProtocol(websocket.config, connection.state, {})
    http.app = service_unavailable
    http.connection_made(Wire())
    http.data_received(b"GET / HTTP/1.1\r\nHost: switchboard\r\n\r\n")
    await until(lambda: not connection.state.tasks)
    server = uvicorn.Server(websocket.config)
    server.lifespan = websocket.config.lifespan_class(websocket.config)
    await server.startup(sockets=[])
    return [
        Inside("uvicorn", websocket, UVICORN_WEBSOCKET, WebSocketProtocol, ("self", "super()")),
        Inside("uvicorn", websocket, UVICORN_READING, ReadingProtocol, ("self", "super()")),
        Inside("uvicorn", http, UVICORN_HTTP, HttpProtocol, ("self", "super()")),
        Inside("uvicorn", http.cycle, UVICORN_REQUEST, HttpProtocol, ("self._running",)),
        Inside("uvicorn", http, UVICORN_REFUSING, RefusingProtocol, ("self", "super()")),
        Inside("uvicorn", http.cycle, UVICORN_RUNNING, RefusingProtocol, ("self._running",)),
        Inside("uvicorn", http.cycle, UVICORN_NEWEST, RefusingProtocol, ("self.cycle", "newest")),
        Inside("uvicorn", http.flow, UVICORN_FLOW, HeldFlow, ("self", "super()")),
        Inside("uvicorn", server, UVICORN_SERVER, DrainingServer, ("self", "super()")),
        Inside(
            "uvicorn",
            server.server_state,
            UVICORN_STATE,
            DrainingServer,
            ("self.server_state", "state"),
        ),
        Inside("websockets", websocket.conn, WEBSOCKETS, FrameParser, ("conn", "self._conn")),
    ]


async def test_what_we_rely_on_is_there_and_as_it_was(insides: list[Inside]) -> None:
    assert [problem for inside in insides for problem in problems(inside)] == []


async def test_whatever_we_use_or_replace_is_listed(insides: list[Inside]) -> None:
    for inside in insides:
        replaced = {
            name
            for name, value in vars(inside.user).items()
            if not inspect.ismemberdescriptor(value)
        }
        mine = attributes(inside.user, *inside.names) | replaced
        theirs = {name for name in dir(inside.found) if not name.startswith("__")}
        assert mine & theirs == inside.shapes.keys(), inside.user


def test_what_else_we_use_of_websockets_is_documented() -> None:
    assert attributes(WebSocketProtocol, "self.conn") == {"state"}
    assert attributes(ReadingProtocol, "self.conn") == {
        "data_to_send",
        "handshake_exc",
        "reject",
    }


async def test_what_is_gone_or_has_changed_is_told_in_a_sentence(insides: list[Inside]) -> None:
    inside = insides[0]._replace(shapes={"absent": bool, "send": "event", "loop": int})
    gone, parameters, kind = problems(inside)
    assert gone.startswith("uvicorn 0.")
    assert gone.endswith(
        ": WebSocketsSansIOProtocol.absent is gone; adapters/server: WebSocketProtocol relies on it"
    )
    assert ".send takes (message), not (event); " in parameters
    assert "not of type <class 'int'>; " in kind


def test_what_we_put_in_uvicorns_place_has_all_that_uvicorn_uses_of_it() -> None:
    uvicorns = WebSocketsSansIOProtocol
    assert attributes(uvicorns, "self.writable") <= set(dir(Writable))
    assert attributes(uvicorns, "self.transport") <= set(dir(BufferedTransport))
    # Only `receive` takes from the queue, and that is replaced.
    assert attributes(uvicorns, "self.queue") - {"empty", "get"} <= set(dir(MessageQueue))


async def test_all_that_uvicorn_sets_on_a_connection_has_a_slot() -> None:
    connection = Connection("fast", Recorder())
    await connection.open()
    assert vars(connection.protocol) == {}
    await connection.hang_up()


def test_uvicorn_ticks_ten_times_a_second() -> None:
    assert "asyncio.sleep(0.1)" in inspect.getsource(uvicorn.Server.main_loop)
    assert TICKS_PER_SECOND == 10


def test_uvicorn_logs_broken_text_in_the_words_that_our_log_filter_drops() -> None:
    assert '"Invalid UTF-8 ' in inspect.getsource(WebSocketsSansIOProtocol)


@pytest.mark.parametrize("module", ["websockets.speedups", "websockets.utils"])
def test_websockets_has_a_function_that_masks(module: str) -> None:
    data = b"more than four"
    assert pytest.importorskip(module).apply_mask(data, MASK) == masked(data, MASK)


def test_websockets_has_a_method_that_serializes_a_response() -> None:
    response = ServerProtocol().reject(HTTPStatus.BAD_REQUEST, "why")
    assert response.serialize().startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_websockets_keeps_the_frames_it_parsed_until_they_are_fetched() -> None:
    conn = ServerProtocol(state=State.OPEN)
    conn.receive_data(client_frame(Opcode.PING, b"?") + client_frame(Opcode.BINARY, b"!")[:3])
    conn.receive_data(b"")
    assert [(event.opcode, event.data) for event in conn.events if isinstance(event, Frame)] == [
        (Opcode.PING, b"?")
    ]
    assert len(conn.events_received()) == 1
    assert conn.events == []


def test_websockets_counts_the_size_of_a_message_only_while_it_is_in_fragments() -> None:
    conn = ServerProtocol(state=State.OPEN)
    conn.receive_data(client_frame(Opcode.TEXT, b"begun", fin=False))
    assert conn.current_size == 5
    conn.receive_data(client_frame(Opcode.CONT, b"."))
    assert conn.current_size is None


def test_websockets_ends_its_parser_with_an_exception_and_a_close_frame() -> None:
    conn = ServerProtocol(state=State.OPEN)
    conn.receive_data(client_frame(Opcode.TEXT, b"hello", mask=None))
    assert isinstance(conn.parser_exc, ProtocolError)
    assert conn.close_sent is not None
    assert conn.close_sent.code == CloseCode.PROTOCOL_ERROR
