from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.addresses import NO_ADDRESS, Proxies, address_key

TRUSTED = Proxies(["10.0.0.0/8", "192.0.2.7", "2001:db8:1::/48"])


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:DB8:0:0:ffff::2", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", NO_ADDRESS),
        ("testclient", NO_ADDRESS),
        ("1" * 10_000, NO_ADDRESS),
    ],
)
def test_whose_limits_hold(host: str, key: str) -> None:
    assert address_key(host) == key


@given(
    site=st.integers(1, 2**64 - 1), one=st.integers(0, 2**64 - 1), other=st.integers(0, 2**64 - 1)
)
def test_all_of_a_network_of_64_bits_are_one(site: int, one: int, other: int) -> None:
    hosts = [str(IPv6Address(site << 64 | rest)) for rest in (one, other)]
    assert len({address_key(host) for host in hosts}) == 1


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.5", "198.51.100.1", "203.0.113.5"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1 , 192.0.2.7", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "10.0.0.2,10.0.0.3", "10.0.0.2"),
        ("10.0.0.1", "198.51.100.1, unknown", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, ", "10.0.0.1"),
        ("10.0.0.1", "[::1", "::1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("", "198.51.100.1", ""),
    ],
)
def test_the_last_who_is_no_proxy_of_ours_is_the_client(
    peer: str, forwarded: str, client: str
) -> None:
    assert TRUSTED.client_of(peer, forwarded) == client


@given(st.text(max_size=60))
def test_what_stands_left_of_the_client_changes_nothing(said: str) -> None:
    assert TRUSTED.client_of("10.0.0.1", f"{said},198.51.100.1") == "198.51.100.1"


@given(st.text(max_size=60))
def test_nothing_that_is_said_is_anything_but_an_address(said: str) -> None:
    assert address_key(TRUSTED.client_of("10.0.0.1", said)) != NO_ADDRESS


@pytest.mark.parametrize("wrong", ["*", "proxy", "10.0.0.1/8", "10.0.0.0/33", ""])
def test_what_is_no_address_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the setting says it in words
        Proxies([wrong])
