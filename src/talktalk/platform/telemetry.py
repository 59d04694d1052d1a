"""Prometheus metrics of one process. Names are `talktalk_<what>_<unit>`; labels never hold ids.

A `Telemetry` has a registry of its own, so that several applications can live in one test process.
"""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Telemetry:
    """What this process counts. Slices make further metrics on `registry`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.requests = Counter(
            "talktalk_http_requests",
            "HTTP requests answered",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "talktalk_http_request_seconds",
            "Time to answer an HTTP request",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )

        self.ledger_differences = Gauge(
            "talktalk_ledger_differences_open",
            "Differences between our rows and the ledger that nobody has resolved; an orphan is an alarm",
            ["kind"],
            registry=self.registry,
        )

    def watch(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """Show a value that is asked for whenever somebody looks.

        Args:
            name: `<what>_<unit>`, without our prefix.
            meaning: One sentence for the reader of the metrics.
            value: The value now; called on the server's loop, so it must be quick.
        """
        Gauge(f"talktalk_{name}", meaning, registry=self.registry).set_function(value)

    def exposition(self) -> bytes:
        """Everything, in Prometheus's text format."""
        return generate_latest(self.registry)
