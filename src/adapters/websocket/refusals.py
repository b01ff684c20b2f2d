"""What a client is told when something is not done: one place for all the words.

Two forms, as `protocol.md` has it: a list of `{type, loc, msg}` for a frame that isn't
valid, an object `{code, detail, retryable, retry_after_ms?}` for a refusal.
"""

import json
import logging

from chanx.core.envelope import TopicErrorReason
from chanx.messages.outgoing import ErrorMessage
from pydantic import ValidationError

from adapters.websocket.closing import UNAVAILABLE, CloseCode, Farewell, bad_path, full
from adapters.websocket.messages.frames import RefusalPayload
from application.errors import Refusal
from domain.errors import BrokenRule, RoomIsFull, RoomNameIsImpossible

log = logging.getLogger(__name__)

SHOWN_PROBLEMS = 10
SHOWN_CHARACTERS = 200
"""A bad frame is not answered with more than that of itself."""

quoted = json.dumps


def not_valid(error: ValidationError) -> ErrorMessage:
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    return ErrorMessage(
        payload=[
            {
                "type": problem["type"],
                "loc": [str(part)[:SHOWN_CHARACTERS] for part in problem["loc"]],
                "msg": problem["msg"][:SHOWN_CHARACTERS],
            }
            for problem in problems[:SHOWN_PROBLEMS]
        ]
    )


def not_text() -> ErrorMessage:
    return ErrorMessage(
        payload=[{"type": "text_expected", "loc": [], "msg": "Frames are text, not binary"}]
    )


def unknown_topic() -> ErrorMessage:
    return ErrorMessage(
        payload={
            "reason": TopicErrorReason.UNKNOWN_TOPIC,
            **RefusalPayload(
                code="unknown_topic", detail="This socket has no topics.", retryable=False
            ).model_dump(),
        }
    )


def slow_down(wait: float) -> ErrorMessage:
    return _error("too_many_frames", "You send too fast; you are slowed down.", wait)


def refusal(error: Exception) -> ErrorMessage:
    """The answer for whatever a handler raised."""
    if isinstance(error, BrokenRule):
        payload = RefusalPayload(code=error.code, detail=error.detail, retryable=False)
        return ErrorMessage(payload=payload.model_dump())
    if isinstance(error, Refusal):
        return _error(error.code, error.detail, error.retry_after)
    log_unexpected(error, "handling a frame failed")
    return _error("internal", "The service failed to do this; its log says why.", None)


def farewell(error: Exception) -> Farewell:
    """The close for whatever opening a connection raised."""
    match error:
        case RoomNameIsImpossible():
            return bad_path(error.detail)
        case RoomIsFull():
            return full(error.detail)
        case Refusal():
            return UNAVAILABLE
        case _:
            log_unexpected(error, "opening a connection failed")
            return Farewell(CloseCode.TRY_LATER, "The service failed.", True, 5.0)


def log_unexpected(error: Exception, what: str) -> None:
    if isinstance(error, Refusal):
        log.warning("%s: %s", what, error.detail)
    else:
        log.error(what, exc_info=error)


def _error(code: str, detail: str, retry_after: float | None) -> ErrorMessage:
    after_ms = None if retry_after is None else int(retry_after * 1000) + 1
    payload = RefusalPayload(code=code, detail=detail, retryable=True, retry_after_ms=after_ms)
    return ErrorMessage(payload=payload.model_dump())
