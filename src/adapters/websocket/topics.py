"""What `/ws/topics` hosts: every feature, each thing under its channel as a topic."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias

from chanx.core.envelope import TopicErrorReason
from chanx.messages.base import BaseMessage

from adapters.sessions.feature import close_feature
from adapters.sessions.frames import RefusalPayload
from adapters.sessions.session import Session
from adapters.websocket import replies
from adapters.websocket.feature import SocketFeature, handler
from adapters.websocket.hosted import Topic
from adapters.websocket.replies import addressed
from adapters.websocket.topic_frames import (
    TOPICS,
    EndPayload,
    Resume,
    Resumed,
    ResumedPayload,
    Subscribe,
    TopicError,
    Unsubscribe,
    Unsubscribed,
    told,
)
from adapters.websocket.topic_host import TopicHost
from application.errors import TooManySubscriptions
from application.ports import Cursor
from domain.audiences import Audience, AudienceKind
from domain.errors import BrokenRule, JobIsUnknown, NotAllowed, RoomNameIsImpossible

Topics: TypeAlias = Mapping[AudienceKind, Topic]

Renew: TypeAlias = Callable[[str], Awaitable[None]]
"""Takes a newer token of the session's member; raises what `authenticate` is refused with."""


class TopicIsUnknown(BrokenRule):
    code = "unknown_topic"


class NotSubscribed(BrokenRule):
    code = "not_subscribed"


REASONS: Mapping[type[Exception], TopicErrorReason] = {
    TopicIsUnknown: TopicErrorReason.UNKNOWN_TOPIC,
    JobIsUnknown: TopicErrorReason.UNKNOWN_TOPIC,
    NotAllowed: TopicErrorReason.UNAUTHORIZED,
    NotSubscribed: TopicErrorReason.NOT_SUBSCRIBED,
}
"""chanx's words for why, beside our codes."""


def refusal_of(error: Exception) -> RefusalPayload:
    """What is said of what a topic raised."""
    payload = replies.refusal_payload(error)
    payload.reason = REASONS.get(type(error))
    return payload


class TopicsFeature(SocketFeature):
    """The topics of one session, each hosting a feature of its own."""

    emits = [Resumed]

    def __init__(self, session: Session, _path: Mapping[str, str], topics: Topics) -> None:
        super().__init__(session)
        self._session = session
        self._topics = topics
        self._open: dict[str, tuple[TopicHost, SocketFeature]] = {}
        self._hosted = self._opening = 0

    async def open(self, since: Sequence[Cursor]) -> None:
        """Nothing is joined before it is asked for; each topic has its own way back."""

    async def close(self) -> None:
        while self._open:
            _, (host, feature) = self._open.popitem()
            host.end()
            await close_feature(feature)

    async def rename(self) -> None:
        for _, feature in list(self._open.values()):
            await feature.rename()

    @property
    def places(self) -> Sequence[Audience[Any]]:
        return [place for _, feature in self._open.values() for place in feature.places]

    async def lose(self, place: Audience[Any]) -> bool:
        for topic, (_, feature) in list(self._open.items()):
            if place in feature.places:
                await self._unsubscribe(topic, None, EndPayload(reason="revoked"))
        return True

    # Frames of one topic.

    async def handle(self, name: str, ref: str | None, text: str, renew: Renew) -> None:
        """Do what a frame of a topic asks for, and answer it. Raises `ValidationError`, and what
        is answered with an error that says why."""
        topic, _ = self._topic(name)
        message = topic.adapter.validate_json(text)
        match message:
            case Subscribe():
                asked = message.payload
                if asked is not None and asked.token is not None:
                    await renew(asked.token)
                since = None if asked is None or asked.since is None else Cursor(asked.since)
                await self._subscribe(name, since, ref)
            case Unsubscribe():
                await self._unsubscribe(name, ref)
            case _:
                await self._do(name, ref, topic, message)

    async def _subscribe(self, name: str, since: Cursor | None, ref: str | None) -> None:
        (await self._host(name, since)).answer(ref)

    async def _unsubscribe(self, name: str, ref: str | None, why: EndPayload | None = None) -> None:
        if name in self._open:
            host, feature = self._open.pop(name)
            await close_feature(feature)
            host.end()
        self.session.send(told(Unsubscribed(payload=why), name, ref))

    @handler
    async def resume(self, message: Resume) -> None:
        """Many at once: one round trip for the client, and few to where histories are kept."""
        asked = message.payload.topics
        resumed = await asyncio.gather(*(self._resume(name, asked[name]) for name in asked))
        outcomes = {
            name: one.outcome if isinstance(one, TopicHost) else one
            for name, one in zip(asked, resumed, strict=True)
        }
        self.reply(Resumed(payload=ResumedPayload(topics=outcomes)))
        for one in resumed:
            if isinstance(one, TopicHost):
                one.answer(None)

    async def _resume(self, name: str, since: str) -> TopicHost | TopicError:
        try:
            return await self._host(name, Cursor(since))
        except Exception as error:  # noqa: BLE001 - it is mapped, or logged and said so
            return TopicError(error=refusal_of(error))

    async def _host(self, name: str, since: Cursor | None) -> TopicHost:
        """The host of a topic, which is opened unless it is open already."""
        if name in self._open:
            return self._open[name][0]
        if len(self._open) + self._opening >= TOPICS:
            raise TooManySubscriptions(f"One connection can have {TOPICS} topics at a time.")
        topic, key = self._topic(name)
        self._hosted += 1
        host = TopicHost(self._session, name, self._hosted)
        try:
            feature = topic.hosted_by(host, key)
        except RoomNameIsImpossible as error:
            raise TopicIsUnknown(error.detail) from None
        self._opening += 1
        try:
            # What it greets with answers nobody.
            with addressed(name, None):
                await feature.open([] if since is None else [since])
        except BaseException:
            host.end()
            await close_feature(feature)
            raise
        finally:
            self._opening -= 1
        self._open[name] = host, feature
        return host

    async def _do(self, name: str, ref: str | None, topic: Topic, message: BaseMessage) -> None:
        if name not in self._open:
            raise NotSubscribed("You are not subscribed to this topic.")
        _, feature = self._open[name]
        with addressed(name, ref):
            answer = await topic.methods[type(message)](feature, message)
            if answer is not None:
                feature.reply(answer)

    def _topic(self, name: str) -> tuple[Topic, str]:
        word, _, key = name.partition(":")
        topic = self._topics.get(AudienceKind(word)) if word in set(AudienceKind) else None
        if topic is None or bool(key) is not topic.feature.audience_kind.has_keys:
            raise TopicIsUnknown("There is no such topic.")
        return topic, key
