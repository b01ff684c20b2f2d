"""What a client is answered: one place for the envelope of answers, and for all refusals.

Refusals have two forms, as `docs/protocol.md` has it: a list of `{type, loc, msg}` for a frame
that isn't valid, an object `{code, detail, retryable, …}` for what isn't done.
"""

import contextlib
import json
import logging
from collections.abc import Iterator, Mapping
from contextvars import ContextVar

from chanx.core.envelope import TopicErrorReason, current_ref
from chanx.messages.base import BaseMessage
from chanx.messages.outgoing import ErrorMessage
from pydantic import ValidationError

from adapters.sessions.frames import RefusalPayload, retryable
from application.errors import RateLimited, Refusal
from domain.errors import BrokenRule

log = logging.getLogger(__name__)

SHOWN_PROBLEMS = 10
SHOWN_CHARACTERS = 200
"""A bad frame is not answered with more than that of itself, beside its names."""

current_topic: ContextVar[str | None] = ContextVar("current_topic", default=None)
"""The topic of the frame that is being handled, beside chanx's `current_ref`."""

NAMES = ("ref", "key", "topic")
"""By what clients tell their frames apart."""


def encoded(message: BaseMessage) -> str:
    """The frame of an answer: the `ref` of the frame that is being handled comes back with it."""
    names = {"topic": current_topic.get(), "ref": current_ref.get()}
    return _named(message, {name: it for name, it in names.items() if it is not None})


@contextlib.contextmanager
def addressed(topic: str, ref: str | None) -> Iterator[None]:
    """What is answered meanwhile is answered to a frame of this topic, with this `ref`."""
    tokens = current_topic.set(topic), current_ref.set(ref)
    try:
        yield
    finally:
        current_topic.reset(tokens[0])
        current_ref.reset(tokens[1])


def refused(answer: ErrorMessage, frame: str | bytes) -> str:
    """The frame of a refusal: it names what it refuses, so that whoever waits for an answer to
    that knows."""
    return _named(answer, {} if isinstance(frame, bytes) else _names(frame))


def _named(message: BaseMessage, names: Mapping[str, str]) -> str:
    text = message.model_dump_json()
    return f'{text[:-1]},"version":1,{json.dumps(names)[1:]}' if names else text


def _names(frame: str) -> Mapping[str, str]:
    """What a client calls its frame, whatever else is wrong with that."""
    if not any(f'"{name}"' in frame for name in NAMES):
        return {}
    try:
        fields = json.loads(frame)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(fields, dict):
        return {}
    return {name: it for name in NAMES if isinstance(it := fields.get(name), str)}


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
    payload = RefusalPayload(
        code="unknown_topic",
        detail="This socket has no such topic.",
        retryable=False,
        reason=TopicErrorReason.UNKNOWN_TOPIC,
    )
    return ErrorMessage(payload=payload.model_dump())


def refusal(error: Exception) -> ErrorMessage:
    """The answer for whatever a handler raised."""
    return ErrorMessage(payload=refusal_payload(error).model_dump())


def refusal_payload(error: Exception) -> RefusalPayload:
    """What is said of it."""
    match error:
        case BrokenRule():
            return RefusalPayload(code=error.code, detail=error.detail, retryable=False)
        case RateLimited():
            return retryable(error.code, error.detail, error.retry_after, error.scope)
        case Refusal():
            return retryable(error.code, error.detail, error.retry_after)
        case _:
            log.error("handling a frame failed", exc_info=error)
            return retryable("internal", "The service failed to do this; its log says why.", None)
