"""The frames of `/ws/topics`, in chanx's topic envelope."""

import json
from functools import lru_cache
from typing import Literal

from chanx.messages.base import BaseMessage
from pydantic import BaseModel, Field

from adapters.sessions.frames import RefusalPayload, is_none

TOPICS = 128
"""That one session has at a time: as many as one `resume` may name."""

CURSOR_LENGTH = 1_000


class SubscribePayload(BaseModel):
    """`since` is the cursor to come back to, or "0" for the beginning of what is kept. A `token`
    is a newer one of the same member, as in `authenticate`."""

    since: str | None = Field(None, max_length=CURSOR_LENGTH)
    token: str | None = None


class Subscribe(BaseMessage):
    """Asks to hear the frame's topic from now on, or from a cursor on."""

    action: Literal["subscribe"] = "subscribe"
    payload: SubscribePayload | None = None


class OutcomePayload(BaseModel):
    """`missed` frames follow; with a `reason` they are what is left of those that were missed."""

    recovered: bool
    missed: int
    reason: str | None = Field(None, exclude_if=is_none)


class SubscribedPayload(OutcomePayload):
    """`cursor` is the place to come back to before another frame has come; null where the topic
    has no history."""

    cursor: str | None


class Subscribed(BaseMessage):
    """Answers `subscribe`. What was missed comes next, then `caught_up`, then what is new."""

    action: Literal["subscribed"] = "subscribed"
    payload: SubscribedPayload


class PlacePayload(BaseModel):
    cursor: str


class CaughtUp(BaseMessage):
    """All that was missed has been given; `cursor` is the place after it."""

    action: Literal["caught_up"] = "caught_up"
    payload: PlacePayload


class Unsubscribe(BaseMessage):
    """Asks to hear nothing more of the frame's topic."""

    action: Literal["unsubscribe"] = "unsubscribe"
    payload: None = None


class EndPayload(BaseModel):
    reason: Literal["revoked"]


class Unsubscribed(BaseMessage):
    """No frame of the topic follows: it was asked for, or the right to listen is gone."""

    action: Literal["unsubscribed"] = "unsubscribed"
    payload: EndPayload | None = None


class ResumePayload(BaseModel):
    """Each topic with the cursor to come back to."""

    topics: dict[str, str] = Field(min_length=1, max_length=TOPICS)


class Resume(BaseMessage):
    """Subscribes to many topics in one round trip."""

    action: Literal["resume"] = "resume"
    payload: ResumePayload


class TopicError(BaseModel):
    error: RefusalPayload


class ResumedPayload(BaseModel):
    """What became of each topic. Of those without an `error`, `subscribed` and what follows it come
    next, topic by topic."""

    topics: dict[str, OutcomePayload | TopicError]


class Resumed(BaseMessage):
    """Answers `resume`."""

    action: Literal["resumed"] = "resumed"
    payload: ResumedPayload


def told(message: BaseMessage, topic: str, ref: str | None = None) -> str:
    """The frame of something that is said of a topic."""
    answered = "" if ref is None else f',"ref":{json.dumps(ref)}'
    return f"{{{_head(topic)}{answered},{message.model_dump_json()[1:]}"


@lru_cache(maxsize=64)
def on_topic(topic: str, frame: str) -> str:
    """What a topic hears, with its name. It is asked for by one subscriber after the other: the
    first one splices for all."""
    return f"{{{_head(topic)},{frame[1:]}"


def cursor_in(frame: str) -> str | None:
    """The cursor of a frame of history, where it stands last."""
    before, found, rest = frame.rpartition(',"cursor":"')
    return rest.removesuffix('"}') if before and found else None


@lru_cache(maxsize=1024)
def _head(topic: str) -> str:
    return f'"version":1,"topic":{json.dumps(topic)}'
