"""Limits by address: what counts, for whom, and what is told of it."""

from adapters.limit_settings import TrafficSettings
from adapters.limits.address_limits import AddressLimits
from adapters.limits.limited import Limited
from tests.doubles import address_limits

ONE, SAME, OTHER = "2001:db8::1", "2001:db8::2", "2001:db8:1::1"


def test_connections_count_until_they_end_also_those_that_were_refused() -> None:
    limits = address_limits(address_connections=2)
    assert [limits.connect(host) > 0 for host in (ONE, SAME, SAME, OTHER)] == [0, 0, 1, 0]
    limits.disconnect(SAME)
    assert limits.connect(ONE) > 0
    limits.disconnect(SAME)
    limits.disconnect(ONE)
    assert limits.connect(ONE) == 0


def test_trusted_proxies_may_have_any_number_of_connections() -> None:
    limits = address_limits(address_connections=1)
    assert [limits.connect("127.0.0.1") for _ in range(5)] == [0.0] * 5
    for _ in range(5):
        limits.disconnect("127.0.0.1")
    assert limits._connections == {}


def test_handshakes_and_open_sockets_of_one_address_are_bounded() -> None:
    limits = address_limits(
        address_handshake_burst=2, address_handshakes_per_second=0.001, address_connections=3
    )
    assert limits.handshake(ONE, 2) == 0
    assert limits.handshake(ONE, 3) > 0
    assert limits.handshake(SAME, 0) > 0
    assert limits.handshake(OTHER, 0) == 0


def test_only_authentications_that_fail_count() -> None:
    limits = address_limits(address_failure_burst=2)
    for _ in range(9):
        assert limits.authenticate(ONE) == 0
    limits.fail(ONE)
    assert limits.authenticate(SAME) == 0
    limits.fail(SAME)
    assert limits.authenticate(ONE) > 0
    assert limits.authenticate(OTHER) == 0


def test_a_dry_run_counts_and_refuses_nothing() -> None:
    settings = TrafficSettings(_env_file=None, address_request_burst=1)
    limited = Limited(dry_run=True)
    limits = AddressLimits(settings, limited, clock=lambda: 0.0)
    assert [limits.request(ONE) for _ in range(3)] == [0.0] * 3
    assert limited.counts == {("requests", "address"): 2}
