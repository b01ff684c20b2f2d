"""Switchboard as it is, but nobody counts what clients send: beside it, what limits cost shows.

`python -m benchmarks.peers.unlimited serve`
"""

from adapters.limits.limited import Limited
from adapters.sessions.rate_limit import Pace, RateLimit
from adapters.sessions.registry import Registry
from adapters.settings import SessionSettings
from application.member_rates import MemberRates
from bootstrap import main

FINE = Pace.FINE, 0.0

_init = Registry.__init__


def _count_nothing(
    _self: RateLimit, _now: float, _frames: int = 1, _size: int = 0
) -> tuple[Pace, float]:
    return FINE


def _without_rates(
    self: Registry,
    settings: SessionSettings,
    _rates: MemberRates | None = None,
    limited: Limited | None = None,
) -> None:
    _init(self, settings, None, limited)


if __name__ == "__main__":
    # There is no setting that leaves the counting out: no service should be without it.
    RateLimit.count = _count_nothing  # type: ignore[method-assign,assignment]
    Registry.__init__ = _without_rates  # type: ignore[method-assign,assignment]
    main()
