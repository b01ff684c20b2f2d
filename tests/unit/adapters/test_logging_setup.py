import logging
from typing import Any

import pytest
import structlog
from chanx.utils.logging import logger as chanx_logger

from adapters.log_context import LogContext, log_context
from domain.identity import ConnectionId
from tests.unit.adapters.websocket.log_lines import Log, configured_log

log = logging.getLogger("adapters.somewhere")

both_formats = pytest.mark.parametrize("as_json", [True, False], ids=["json", "console"])


SECRET = "hunter"


def break_with(secret: str) -> None:
    local_copy = secret * 2
    raise RuntimeError(f"{len(local_copy)} characters")


def assert_plain_traceback(text: str) -> None:
    assert "Traceback (most recent call last)" in text
    assert "break_with" in text
    assert "RuntimeError: 12 characters" in text
    assert SECRET not in text
    assert "╭" not in text


def test_a_json_line_tells_what_where_when_and_how_grave() -> None:
    with configured_log() as written:
        log.warning("the %s is %s", "tea", "ready", extra={"cups": 3})
    (line,) = written.lines
    assert line["event"] == "the tea is ready"
    assert line["level"] == "warning"
    assert line["logger"] == "adapters.somewhere"
    assert line["cups"] == 3
    assert line["timestamp"].endswith("Z")


def test_a_console_line_is_for_people_and_without_colours_where_nobody_sees_them() -> None:
    with configured_log(as_json=False) as written:
        log.warning("the tea is ready", extra={"cups": 3})
    assert "the tea is ready" in written.text
    assert "warning" in written.text
    assert "cups=3" in written.text
    assert "\x1b" not in written.text


@both_formats
def test_text_in_any_language_stays_readable(as_json: bool) -> None:
    with configured_log(as_json=as_json) as written:
        log.info("Grüße 👋")
    assert "Grüße 👋" in written.text


def test_one_record_is_one_line_of_json_whatever_is_in_it() -> None:
    with configured_log() as written:
        log.info("one\ntwo\r\u2028three", extra={"text": 'a\n"b"'})
        try:
            break_with(SECRET)
        except RuntimeError:
            log.exception("it broke")
    assert len(written.text.split("\n")) == 3
    assert [line["level"] for line in map(_parsed, written.text.split("\n")[:2])] == [
        "info",
        "error",
    ]


def _parsed(line: str) -> Any:
    log = Log()
    log.stream.write(line.replace("\u2028", " "))
    return log.lines[0]


@both_formats
def test_a_traceback_shows_no_locals(as_json: bool) -> None:
    with configured_log(as_json=as_json) as written:
        try:
            break_with(SECRET)
        except RuntimeError:
            log.exception("it broke")
    assert_plain_traceback(written.lines[0]["exception"] if as_json else written.text)
    assert len(written.text) < 2_000


@both_formats
async def test_a_traceback_of_chanx_shows_no_locals(as_json: bool) -> None:
    with configured_log(as_json=as_json) as written:
        try:
            break_with(SECRET)
        except RuntimeError:
            await chanx_logger.aexception("it broke")
    assert_plain_traceback(written.lines[0]["exception"] if as_json else written.text)


async def test_chanx_s_lines_look_like_ours() -> None:
    with configured_log() as written:
        await chanx_logger.ainfo("Websocket received", received_action="chat")
        log.info("ours")
    theirs, ours = written.lines
    assert theirs["event"] == "Websocket received"
    assert theirs["received_action"] == "chat"
    assert theirs["level"] == "info"
    assert set(ours) <= set(theirs)


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_less_grave_lines_than_the_level_are_left_out(level: str, shown: list[str]) -> None:
    with configured_log(level) as written:
        for name in ("debug", "info", "warning", "error"):
            getattr(log, name)("a line")
            getattr(structlog.get_logger("chanx"), name)("a line")
    assert [line["level"] for line in written.lines] == [name for name in shown for _ in "ab"]


def test_configuring_twice_writes_each_line_once() -> None:
    with configured_log() as first, configured_log() as second:
        log.info("once")
    assert first.text == ""
    assert len(second.lines) == 1


def test_uvicorn_does_not_tell_every_socket_it_accepts_but_still_warns() -> None:
    with configured_log("debug") as written:
        logging.getLogger("uvicorn.error").info('"WebSocket /ws/chat?since=x" [accepted]')
        logging.getLogger("uvicorn.error").warning("something is wrong")
    assert [line["event"] for line in written.lines] == ["something is wrong"]


async def test_lines_written_for_a_connection_name_it_and_its_frame() -> None:
    with configured_log() as written:
        log.info("before")
        token = log_context.set(LogContext(ConnectionId("c1"), frames=7))
        try:
            log.info("ours")
            await chanx_logger.ainfo("theirs")
        finally:
            log_context.reset(token)
    before, *lines = written.lines
    assert "connection" not in before
    for line in lines:
        assert (line["connection"], line["message_id"]) == ("c1", "c1-7")


COMMANDS = "\x1b[31m red \x07 \x7f \x9b31m \u202e turned \u2066 \r over\x00"


@both_formats
def test_no_control_character_reaches_a_terminal(as_json: bool) -> None:
    with configured_log(as_json=as_json) as written:
        log.warning("event %s", COMMANDS, extra={"group": COMMANDS, "parts": [COMMANDS]})
        try:
            raise RuntimeError(COMMANDS)
        except RuntimeError:
            log.exception("it broke")
    allowed = "" if as_json else "\t"
    assert [c for c in written.text if c not in f"\n{allowed}" and not c.isprintable()] == []
    assert "\\u202e" in written.text
    if as_json:
        assert written.lines[0]["event"] == f"event {COMMANDS}"
        assert COMMANDS in written.lines[1]["exception"]
    else:
        assert "\\x1b[31m red \\x07" in written.text


def test_no_text_forges_a_line_of_the_console() -> None:
    forged = "x\n2026-01-01T00:00:00Z [error    ] forged"
    with configured_log(as_json=False) as written:
        log.warning("event %s", forged, extra={"group": forged})
        try:
            raise RuntimeError(forged)
        except RuntimeError:
            log.exception("it broke")
    lines = written.text.splitlines()
    assert [line for line in lines if line.startswith("2026-01-01T00")] == []
    assert len([line for line in lines if not line.startswith((" ", "Traceback"))]) == 2


@both_formats
def test_of_a_flood_a_few_lines_are_written_and_then_their_number(as_json: bool) -> None:
    with configured_log(as_json=as_json) as written:
        for number in range(3_700):
            log.warning("connection %s refused", number)
        (handler,) = logging.getLogger().handlers
        handler.close()
    assert len(written.text.splitlines()) == 6
    assert "3695 more like it" in written.text
    if as_json:
        assert written.lines[-1]["repeated"] == 3_695
        assert written.lines[-1]["logger"] == "adapters.somewhere"
