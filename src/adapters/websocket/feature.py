"""A feature on the wire: its frames, how its events look, and what a client may ask of it.

A feature is hosted by a session and doesn't know what carries that. `consumer.py` makes the
chanx consumer of a feature that has a socket of its own.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from chanx.messages.base import BaseMessage

from adapters.sessions.feature import Feature
from adapters.sessions.host import Host
from adapters.websocket.replies import encoded
from domain.audiences import Audience, AudienceKind

Handler = TypeVar("Handler", bound=Callable[..., Any])

_IS_HANDLER = "_handles_frames"


def handler(method: Handler) -> Handler:
    """Marks what answers frames: its one argument is a message, and what it returns is the
    answer. It may raise a `BrokenRule` or a `Refusal`, which is answered with an `error`."""
    setattr(method, _IS_HANDLER, True)
    return method


class SocketFeature(Feature):
    """One feature for one session, or for one topic of a session: its `session` hosts it."""

    emits: ClassVar[list[type[BaseMessage]]] = []
    """What is sent that answers no frame, for the document."""

    place: Audience[Any] | None = None
    """Where the client has to have the right to listen, to stay."""

    def __init__(self, session: Host) -> None:
        self.session = session

    @property
    def places(self) -> Sequence[Audience[Any]]:
        """Where the client listens, as it may only with the right to."""
        return () if self.place is None else (self.place,)

    async def lose(self, place: Audience[Any]) -> bool:
        """The client may listen there no more; whether there is something to stay for."""
        return False

    async def rename(self) -> None:
        """The session's member is called otherwise from now on."""

    def reply(self, message: BaseMessage) -> None:
        """Answer the frame that is being handled, or say something to this client alone."""
        self.session.send(encoded(message))

    @classmethod
    def handlers(cls) -> Mapping[str, Callable[..., Any]]:
        methods = {name: getattr(cls, name) for name in dir(cls)}
        return {name: it for name, it in methods.items() if getattr(it, _IS_HANDLER, False)}


class ToldFeature(SocketFeature):
    """A feature whose audiences, all of one kind, are told events."""

    audience_kind: ClassVar[AudienceKind]
    key_name: ClassVar[str] = ""
    """What its path calls the key of its audience, where there are many."""

    @staticmethod
    @abstractmethod
    def present(audience: Audience[Any], event: Any) -> BaseMessage:
        """The message by which everybody in `audience` hears of `event`."""


class AnnouncedFeature(ToldFeature):
    """A feature of one audience, its `place`, which may be told announcements. Where all sessions
    have the same one, it stands on the class."""

    place: Audience[Any]
