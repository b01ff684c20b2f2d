"""`GET /metrics` for Prometheus: what is counted anyway is read when somebody asks.

No metric is kept on the way of a message. Each server process answers for itself.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

NAMESPACE = "switchboard"


class Totals(Protocol):
    """`open` are the connections of now; the others have been counted since the start.

    `farewells` are the connections that were told to leave, by close code.
    """

    @property
    def open(self) -> int: ...
    @property
    def opened(self) -> int: ...
    @property
    def frames_received(self) -> int: ...
    @property
    def farewells(self) -> Mapping[int, int]: ...


class ConnectionsCollector(Collector):
    def __init__(self, read: Callable[[], Totals]) -> None:
        self._read = read

    def collect(self) -> Iterable[Metric]:
        totals = self._read()
        yield GaugeMetricFamily(
            f"{NAMESPACE}_connections", "Open WebSocket connections.", totals.open
        )
        yield CounterMetricFamily(
            f"{NAMESPACE}_connections_opened", "Connections that were opened.", totals.opened
        )
        yield CounterMetricFamily(
            f"{NAMESPACE}_frames_received", "Frames that clients sent.", totals.frames_received
        )
        farewells = CounterMetricFamily(
            f"{NAMESPACE}_farewells", "Connections told to leave, by close code.", labels=["code"]
        )
        for code, count in sorted(totals.farewells.items()):
            farewells.add_metric([str(code)], count)
        yield farewells


def metrics_router(read: Callable[[], Totals]) -> APIRouter:
    # Its own registry, and not the library's global one: two applications can be in one process.
    registry = CollectorRegistry()
    registry.register(ConnectionsCollector(read))
    ProcessCollector(namespace=NAMESPACE, registry=registry)
    router = APIRouter()

    @router.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """What this process counts, for Prometheus, in the one form that all of them read."""
        return Response(
            generate_latest(registry), headers={"content-type": CONTENT_TYPE_PLAIN_0_0_4}
        )

    return router
