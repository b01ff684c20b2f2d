"""A feature that exists in these tests alone, and is under all tests of every socket: they know
nothing of any feature but what is derived from it."""

from collections.abc import Mapping, Sequence
from typing import Literal

import pytest
from chanx.messages.base import BaseMessage
from dependency_injector import providers
from pydantic import BaseModel

from adapters.sessions.session import Session
from adapters.websocket.consumer import FeatureConsumer
from adapters.websocket.feature import SocketFeature, handler
from application.ports import Cursor
from container import Container
from domain.identity import MessageText
from tests.sockets import PATHS, path_of


class Words(BaseModel):
    words: str


class Whisper(BaseMessage):
    """Asks for an answer in capitals."""

    action: Literal["whisper"] = "whisper"
    payload: Words


class Shout(BaseMessage):
    """The answer."""

    action: Literal["shout"] = "shout"
    payload: Words


class InventedFeature(SocketFeature):
    def __init__(self, session: Session, _path: Mapping[str, str]) -> None:
        super().__init__(session)

    async def open(self, since: Sequence[Cursor]) -> None:
        """Nothing to join."""

    async def close(self) -> None:
        """Nothing to leave."""

    @handler
    async def whisper(self, message: Whisper) -> Shout:
        text = MessageText.parse(message.payload.words, limit=10)
        return Shout(payload=Words(words=text.value.upper()))


class InventedConsumer(FeatureConsumer, feature=InventedFeature, path="/invented"):
    """Whispers are shouted back."""


def add_invented(container: Container) -> None:
    features = {**container.features(), InventedConsumer: InventedFeature}
    container.features.override(providers.Object(features))


EVERY_PATH = [*PATHS, path_of(InventedConsumer.path)]

every_socket = pytest.mark.parametrize("path", EVERY_PATH)
