"""The server's shutdown, with connections in memory."""

import pytest

from adapters.server.serving import DrainingServer
from tests.unit.adapters.server.connections import Connection, Recorder


async def test_a_connection_whose_shutdown_fails_does_not_keep_the_others_from_theirs(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(code: int) -> None:
        raise AssertionError

    drained: list[bool] = []

    async def check() -> None: ...

    async def drain() -> None:
        drained.append(True)

    first = Connection("fast", Recorder())
    others = [Connection("fast", Recorder(), state=first.state) for _ in range(5)]
    for connection in (first, *others):
        await connection.open()
    monkeypatch.setattr(first.protocol.conn, "send_close", broken)
    config = first.protocol.config
    server = DrainingServer(
        config,
        check=check,
        drain=drain,
        started=lambda url: None,
        shares_listeners=False,
        send_timeout=1,
    )
    server.lifespan = config.lifespan_class(config)
    server.server_state = first.state
    server.servers = []
    await server.shutdown()
    assert drained == [True]
    assert first.wire.aborted
    assert [connection.answer.close_codes for connection in others] == [[1012]] * 5
    assert "its shutdown failed" in caplog.text
