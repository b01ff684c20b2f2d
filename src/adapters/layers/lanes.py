"""What a lane does, what travels on it, and the names of its groups.

A lane is either ephemeral (whoever listens hears it, at most once) or durable (each
group keeps a bounded history in one order, and a cursor finds the way back).
"""

import re
from abc import abstractmethod
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol

from adapters.lane_table import LanePlan
from adapters.layers.publication import Publication
from application.ports import Recovery, Subscriber
from domain.audiences import Audience, AudienceKind


class Lane(Protocol):
    """One lane of this process. Groups come into being by being used.

    Raises `Unavailable` when the backend can't answer in time.
    """

    plan: LanePlan

    @abstractmethod
    async def publish(self, group: str, publication: Publication) -> str | None:
        """Give a publication to every subscriber of `group`; on a durable lane, store it first,
        unless it is passing.

        Returns the cursor of a publication with a key on a durable lane, also if that was
        published before: then nothing else is done.
        """

    @abstractmethod
    async def grow(self, group: str, publication: Publication) -> bool:
        """Publish one with a growth; see `GrowingTexts.grow`. An ephemeral lane keeps no text, and
        takes all."""

    @abstractmethod
    async def text(self, group: str) -> str:
        """See `GrowingTexts.text`."""

    @abstractmethod
    async def published(self, group: str, key: str) -> str | None:
        """The cursor of what was published with this key, while it is remembered."""

    @abstractmethod
    async def notify(self, group: str, message: Mapping[str, Any]) -> None:
        """Give subscribers a message for their own handlers; never stored."""

    @abstractmethod
    async def attach(
        self,
        group: str,
        subscriber: Subscriber,
        *,
        since: str | None = None,
        replay_last: bool = False,
    ) -> Recovery | None:
        """See `Subscriptions.subscribe`."""

    @abstractmethod
    async def detach(self, subscriber: Subscriber, group: str | None = None) -> None:
        """End a subscriber's attachment to one group, or to all; none is no error."""

    @abstractmethod
    def attached(self, subscriber: Subscriber) -> int:
        """How many groups a subscriber is attached to."""

    @abstractmethod
    def is_attached(self, group: str, subscriber: Subscriber) -> bool:
        """Whether a subscriber is attached to this group."""

    @abstractmethod
    async def is_known(self, group: str) -> bool:
        """Whether anybody is attached here, or history holds anything of it, if only its end."""

    @abstractmethod
    async def recent(self, group: str, limit: int) -> list[str]:
        """The newest `limit` frames, oldest first, with their cursors."""


_UNSAFE = re.compile(rb"[^A-Za-z0-9-]")
_ESCAPED = re.compile(r"_([0-9a-f]{2})")


def group_of(audience: Audience[Any]) -> str:
    """The group's name: `chat`, or `room.lobby`; bytes that names can't hold as `_hh`."""
    if not audience.key:
        return audience.kind.value
    return f"{audience.kind.value}.{_escaped(audience.key)}"


@lru_cache(maxsize=4096)
def _escaped(key: str) -> str:
    # It is asked for more than once for each message, and few rooms are talked in at a time.
    return _UNSAFE.sub(lambda match: b"_%02x" % match[0][0], key.encode()).decode()


def audience_of(group: str) -> Audience[Any] | None:
    """What `group_of` was given; None for a group that is no audience's."""
    kind, _, key = group.partition(".")
    try:
        raw = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), key).encode("latin-1")
        audience: Audience[Any] = Audience(AudienceKind(kind), raw.decode())
    except ValueError:
        return None
    is_known = bool(key) is audience.kind.has_keys and group_of(audience) == group
    return audience if is_known else None
