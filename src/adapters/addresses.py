"""Network addresses: whom one counts for, and which of them are proxies that are believed."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

NO_ADDRESS = "-"
"""Whoever has none, as on a Unix socket, shares this one."""

SITE_BITS = 64
"""Of an IPv6 address. Whoever has one has all that begin so: that is what a network is given."""


def parse(host: str) -> IPv4Address | IPv6Address | None:
    """The address; IPv4 for what is IPv4 in IPv6, None for what is none."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


LONGEST = 100
"""Characters: no address has as many, and what has more is not remembered."""


def address_key(host: str) -> str:
    """Whose limits hold for a host: IPv4 as it is, IPv6 by its network of 64 bits."""
    return _key(host) if len(host) <= LONGEST else NO_ADDRESS


@lru_cache(maxsize=4096)
def _key(host: str) -> str:
    address = parse(host)
    if address is None:
        return NO_ADDRESS
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((int(address) >> SITE_BITS << SITE_BITS, SITE_BITS)))


class Proxies:
    """Those whose word on where a request comes from is believed. Raises `ValueError` for what is
    neither an address nor a network."""

    def __init__(self, trusted: Iterable[str]) -> None:
        self._networks = [ip_network(each) for each in trusted]
        self.trust = lru_cache(maxsize=4096)(self._trust)

    def _trust(self, host: str) -> bool:
        address = parse(host)
        return address is not None and any(address in network for network in self._networks)

    def client_of(self, peer: str, forwarded: str) -> str:
        """Where a request of `peer` comes from, by its `X-Forwarded-For`.

        Each proxy adds at the right whom it was asked by: the first from there that is no proxy
        of ours is the client, and what stands left of it is only its word. The peer, if it isn't
        trusted, or what it says is no address.
        """
        client = peer
        for said in reversed(forwarded.split(",")):
            if not self.trust(client):
                break
            host = _without_port(said.strip())
            if parse(host) is None:
                break
            client = host
        return client


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
