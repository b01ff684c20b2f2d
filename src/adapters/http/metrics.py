"""`GET /metrics` for Prometheus: what is counted anyway is read when somebody asks.

No metric is kept on the way of a message. Each server process answers for itself.
"""

from collections.abc import Callable, Iterable
from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from adapters.http.callers import Known
from adapters.http.failures import failing
from adapters.limits.limited import Limited
from adapters.log_handler import lines_left_out
from adapters.sessions.registry import Totals
from domain.errors import NotAllowed

NAMESPACE = "switchboard"


class SessionsCollector(Collector):
    def __init__(self, read: Callable[[], Totals], limited: Limited) -> None:
        self._read = read
        self._limited = limited

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
        yield GaugeMetricFamily(
            f"{NAMESPACE}_buffered_bytes",
            "Bytes that wait to be written to clients, or were read of them and not handled.",
            totals.buffered_bytes,
        )
        yield CounterMetricFamily(
            f"{NAMESPACE}_frames_dropped",
            "Frames that slow readers missed, on lanes where those stay.",
            totals.frames_dropped,
        )
        disconnects = CounterMetricFamily(
            f"{NAMESPACE}_disconnects", "Connections told to leave, by close code.", labels=["code"]
        )
        for code, count in sorted(totals.disconnects.items()):
            disconnects.add_metric([str(code)], count)
        yield disconnects
        over = CounterMetricFamily(
            f"{NAMESPACE}_limited",
            "What went over a limit, refused or, with LIMITS_DRY_RUN, only counted.",
            labels=["limit", "scope"],
        )
        for (limit, scope), count in sorted(self._limited.counts.items()):
            over.add_metric([limit, scope], count)
        yield over
        yield CounterMetricFamily(
            f"{NAMESPACE}_log_lines_left_out",
            "Log lines that were not written, because there were too many in a second.",
            lines_left_out(),
        )


def metrics_router(read: Callable[[], Totals], limited: Limited) -> APIRouter:
    # Its own registry, and not the library's global one: two applications can be in one process.
    registry = CollectorRegistry()
    registry.register(SessionsCollector(read, limited))
    ProcessCollector(namespace=NAMESPACE, registry=registry)
    router = APIRouter()

    # With PlainTextResponse for a class, FastAPI (0.165) documents failures as text, too.
    text: dict[int | str, dict[str, Any]] = {
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}}
    }

    @router.get("/metrics", response_class=Response, responses={**text, **failing(401, 403)})
    async def metrics(caller: Known) -> Response:
        """What this process counts, for Prometheus, in the one form that all of them read."""
        if caller.identity.capabilities.grants is not None:
            raise NotAllowed("This token has rights on channels alone.")
        return Response(
            generate_latest(registry), headers={"content-type": CONTENT_TYPE_PLAIN_0_0_4}
        )

    return router
