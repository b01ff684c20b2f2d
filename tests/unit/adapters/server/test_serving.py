"""The server's shutdown, with connections in memory."""

import asyncio
import signal
from collections.abc import Callable
from typing import cast

import pytest
import uvicorn
from uvicorn.server import ServerState

from adapters.cli.listening import listen
from adapters.environment import load_settings
from adapters.server import serving
from adapters.server.serving import DrainingServer, uvicorn_config
from tests.doubles import address_limits
from tests.unit.adapters.server.connections import (
    Connection,
    Message,
    Receive,
    Recorder,
    Send,
    some_turns,
)
from tests.unit.adapters.server.wire import Wire
from tests.waiting import DEADLINE

UNFINISHED = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\na"


class Draining:
    """A server on `config`; `drained` has an item for each drain."""

    def __init__(
        self,
        config: uvicorn.Config,
        state: ServerState,
        *,
        shutdown_seconds: float = DEADLINE,
        started: Callable[[str], None] = lambda url: None,
    ) -> None:
        self.drained: list[bool] = []

        async def check() -> None: ...

        async def drain() -> None:
            self.drained.append(True)

        self.server = DrainingServer(
            config,
            check=check,
            drain=drain,
            started=started,
            shares_listeners=False,
            send_timeout=1,
            shutdown_seconds=shutdown_seconds,
        )
        self.server.lifespan = config.lifespan_class(config)
        self.server.server_state = state
        self.server.servers = []


async def test_a_connection_whose_shutdown_fails_does_not_keep_the_others_from_theirs(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(code: int) -> None:
        raise AssertionError

    first = Connection("fast", Recorder())
    others = [Connection("fast", Recorder(), state=first.state) for _ in range(5)]
    for connection in (first, *others):
        await connection.open()
    monkeypatch.setattr(first.protocol.conn, "send_close", broken)
    draining = Draining(first.protocol.config, first.state)
    await draining.server.shutdown()
    assert draining.drained == [True]
    assert first.wire.aborted
    assert [connection.answer.close_codes for connection in others] == [[1012]] * 5
    assert "its shutdown failed" in caplog.text


@pytest.mark.parametrize("forced", [True, False], ids=["a second Ctrl+C", "the end of its time"])
async def test_a_request_that_never_arrives_is_cut_off_in_one_line_and_its_application_told(
    forced: bool, caplog: pytest.LogCaptureFixture
) -> None:
    received: list[Message] = []

    async def app(_scope: Message, receive: Receive, _send: Send) -> None:
        while not received or received[-1]["type"] != "http.disconnect":
            received.append(await receive())

    settings = load_settings(_env_file=None).server
    config = uvicorn_config(app, settings, address_limits(), lifespan="off")
    config.load()
    state, wire = ServerState(), Wire()
    make = cast("Callable[..., asyncio.Protocol]", config.http_protocol_class)
    protocol = make(config=config, server_state=state, app_state={})
    wire.set_protocol(protocol)
    protocol.connection_made(wire)
    protocol.data_received(UNFINISHED)
    await some_turns()
    draining = Draining(config, state, shutdown_seconds=DEADLINE if forced else 0)
    draining.server.force_exit = forced
    await draining.server.shutdown()
    assert received[-1] == {"type": "http.disconnect"}
    assert not state.tasks
    assert [(r.levelname, r.exc_info) for r in caplog.records] == [("WARNING", None)]
    # The application's own shutdown is still to come.
    assert not draining.server.force_exit


async def test_a_client_that_does_not_read_its_close_is_cut_off_and_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", serving.__name__)
    connection = Connection("fast", Recorder())
    await connection.open()
    connection.wire.full = True
    draining = Draining(connection.protocol.config, connection.state, shutdown_seconds=0)
    await draining.server.shutdown()
    assert connection.wire.aborted
    assert [r.levelname for r in caplog.records] == ["INFO"]


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has none")
async def test_a_hangup_begins_a_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    # It exempts all that other tests made from garbage collection.
    monkeypatch.setattr(serving, "_tune_garbage_collector", lambda: None)
    config = Connection("fast", Recorder()).protocol.config
    draining = Draining(
        config, ServerState(), started=lambda url: signal.raise_signal(signal.SIGHUP)
    )
    before = signal.signal(signal.SIGHUP, lambda number, frame: None)
    try:
        listeners = listen("127.0.0.1", 0)
        await asyncio.wait_for(draining.server.serve(sockets=listeners), DEADLINE)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert draining.drained == [True]
