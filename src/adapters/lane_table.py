"""The one table of lanes: which there are, and which audience each carries."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from application.ports import SlowReaders
from domain.audiences import AudienceKind


class LaneKind(StrEnum):
    EPHEMERAL = "ephemeral"
    DURABLE = "durable"


MINUTE, HOUR = 60.0, 3600.0
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class LanePlan:
    """One lane: its name, its kind, which audience it carries, and its settings.

    `prefix` keeps its keys apart from other lanes' and other services'; it is the name unless
    said. `capacity` is how many messages of one group history keeps, `group_bytes` how many bytes
    of their frames, though always the newest message, and `expiry` for how many seconds; all three
    mean nothing on an ephemeral lane. `max_bytes` bounds all history that the memory lane keeps:
    past it the group unused for longest is forgotten. `slow_readers` says
    what becomes of whoever can't keep up. `keys` is how many
    idempotency keys one group remembers, and `key_expiry` for how many seconds. A lane that
    `is_local` never leaves its process, whatever the backend.
    """

    name: str
    kind: LaneKind
    prefix: str = ""
    carries: AudienceKind | None = None
    capacity: int = 1_000
    expiry: float = 15 * MINUTE
    group_bytes: int = MIB
    max_bytes: int = 64 * MIB
    slow_readers: SlowReaders = SlowReaders.DISCONNECT
    keys: int = 10_000
    key_expiry: float = 300.0
    is_local: bool = False

    @property
    def is_durable(self) -> bool:
        return self.kind is LaneKind.DURABLE


LANES: Mapping[str, LanePlan] = {
    plan.name: plan
    for plan in (
        # For other code: it carries no audience of ours.
        LanePlan("memory", LaneKind.EPHEMERAL, is_local=True),
        LanePlan("chat", LaneKind.EPHEMERAL, carries=AudienceKind.CHAT),
        LanePlan("queue", LaneKind.DURABLE, carries=AudienceKind.RELIABLE),
        LanePlan("notifications", LaneKind.EPHEMERAL, carries=AudienceKind.NOTIFICATIONS),
        LanePlan(
            "analytics",
            LaneKind.DURABLE,
            carries=AudienceKind.ANALYTICS,
            capacity=5_000,
            expiry=HOUR,
            group_bytes=4 * MIB,
        ),
        LanePlan(
            "rooms", LaneKind.DURABLE, carries=AudienceKind.ROOM, capacity=200, expiry=24 * HOUR
        ),
        LanePlan("jobs", LaneKind.DURABLE, carries=AudienceKind.JOB, capacity=500, expiry=HOUR),
    )
}
"""The one table of lanes: settings, layers and which audience rides where come from it."""

LANE_OF: Mapping[AudienceKind, str] = {
    plan.carries: plan.name for plan in LANES.values() if plan.carries is not None
}
