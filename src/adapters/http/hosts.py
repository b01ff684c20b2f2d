"""By which names the service may be asked for: `Host`, which no page chooses for its requests."""

import re
from collections.abc import Collection
from ipaddress import IPv6Address, ip_address

from starlette.types import Scope

_HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[0-9a-z_.-]{1,253})(?::([0-9]{1,5}))?")
WEB_PORTS = (80, 443)
"""What a browser doesn't mention."""


class Hosts:
    """The names in `allowed`, `*` for any, and every address of numbers.

    DNS rebinding makes a foreign page's own name lead to this machine: the page is then of our
    own host. It always has a name, as an address of numbers is looked up nowhere. So without
    `allowed`, any name will do, except on a connection within this machine for a name with the
    very port of that connection: a proxy passes its own port on, or none.
    """

    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed = frozenset(name.lower() for name in allowed)

    def may_be_asked(self, scope: Scope) -> bool:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if not hosts:
            # Browsers always send one, and HTTP 1.1 demands it; health checks of 1.0 don't.
            return scope.get("http_version") != "1.1"
        match = _HOST.fullmatch(hosts[0].decode("latin-1").lower())
        if match is None or len(hosts) > 1:
            return False
        name, port = match[1].rstrip("."), match[2]
        if _is_address(name) or name == "localhost" or name.endswith(".localhost"):
            return True
        if self._allowed:
            return "*" in self._allowed or name in self._allowed
        return not _is_within_machine(scope, int(port) if port else None)


def _is_within_machine(scope: Scope, port: int | None) -> bool:
    address, own_port = scope.get("server") or ("", None)
    return _is_loopback(address) and (
        port == own_port if port is not None else own_port in WEB_PORTS
    )


def _is_address(name: str) -> bool:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _is_loopback(name: str) -> bool:
    try:
        address = ip_address(name)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
