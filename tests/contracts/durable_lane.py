"""What durable lanes promise, for each adapter to subclass: see `adapters.layers.lanes.Lane`."""

from tests.contracts.idempotency_keys import IdempotencyKeysContract
from tests.contracts.lane_bytes import BytesContract
from tests.contracts.lane_cursors import CursorsContract
from tests.contracts.lane_growth import GrowthContract
from tests.contracts.lane_history import HistoryContract
from tests.contracts.lane_known import KnownContract
from tests.contracts.lane_messages import MessagesContract
from tests.contracts.lane_passing import PassingContract
from tests.contracts.lane_recovery import RecoveryContract


class DurableLaneContract(
    MessagesContract,
    CursorsContract,
    RecoveryContract,
    HistoryContract,
    KnownContract,
    BytesContract,
    IdempotencyKeysContract,
    PassingContract,
    GrowthContract,
):
    """What holds for a durable lane, or is different on an ephemeral one."""
