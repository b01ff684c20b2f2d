"""What one network address may do to this process, whoever it says it is."""

import time
from collections import Counter
from collections.abc import Callable

from adapters.addresses import Proxies, address_key
from adapters.buckets import Buckets, Rate
from adapters.limit_settings import TrafficSettings
from adapters.limits.limited import Limited

CONNECTION_SECONDS = 5.0
"""When to try again over the limit of connections: nobody knows when one of them ends."""


class AddressLimits:
    """Each question counts what is asked for, and answers in how many seconds it may be tried
    again; 0 if it is within its limit. `host` may be any text: see `address_key`."""

    def __init__(
        self,
        settings: TrafficSettings,
        limited: Limited,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limited = limited
        self._clock = clock
        self.proxies = Proxies(settings.trusted_proxies)
        self._most = settings.address_connections
        self._connections: Counter[str] = Counter()
        self._handshakes = Buckets(
            Rate(settings.address_handshakes_per_second, settings.address_handshake_burst)
        )
        self._requests = Buckets(
            Rate(settings.address_requests_per_second, settings.address_request_burst)
        )
        self._failures = Buckets(
            Rate(settings.address_failures_per_second, settings.address_failure_burst)
        )

    def connect(self, host: str) -> float:
        """For a TCP connection, which counts until `disconnect`, also if it is refused. Of a
        trusted proxy there may be any number: they are many people's."""
        if self.proxies.trust(host):
            return 0.0
        key = address_key(host)
        self._connections[key] += 1
        return self._unless_few(key, self._connections[key] - 1)

    def disconnect(self, host: str) -> None:
        key = address_key(host)
        self._connections[key] -= 1
        if self._connections[key] <= 0:
            del self._connections[key]

    def handshake(self, host: str, open_already: int) -> float:
        """For a WebSocket, beside those that are open from there: it may come by a proxy."""
        key = address_key(host)
        wait = self._handshakes.take(key, self._clock())
        return self._unless_few(key, open_already) or self._unless(wait, "handshakes", key)

    def request(self, host: str) -> float:
        """For a request over HTTP."""
        key = address_key(host)
        return self._unless(self._requests.take(key, self._clock()), "requests", key)

    def fail(self, host: str) -> None:
        """Count an authentication that failed."""
        self._failures.take(address_key(host), self._clock())

    def authenticate(self, host: str) -> float:
        """For an authentication, of which only those count that fail."""
        key = address_key(host)
        wait = self._failures.wait(key, self._clock())
        return self._unless(wait, "failed_authentications", key)

    def _unless_few(self, key: str, already: int) -> float:
        wait = CONNECTION_SECONDS if already >= self._most else 0.0
        return self._unless(wait, "connections", key)

    def _unless(self, wait: float, limit: str, key: str) -> float:
        return wait if wait and self._limited.refuses(limit, "address", key) else 0.0
