"""What Prometheus scrapes: one set of counters, also where several workers count.

Workers count in files of one folder that ``PROMETHEUS_MULTIPROC_DIR`` names, as ``prometheus_client``
has it; whichever of them is asked adds up all.
"""

import os
from collections.abc import Iterable
from functools import cache
from typing import Any, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from ..values import canonical_category
from .http.problems import Fault, column_of

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
SLOW_WRITE_S = 0.1
LATENCY_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)

# What a process tells of itself, and how the values of several become one.
GAUGES: dict[str, tuple[str, Literal["livesum", "livemax", "livemin"]]] = {
    "workers": ("Processes that answer.", "livesum"),
    "workers_wanted": ("Processes that are to answer.", "livemax"),
    "server_ready": ("Whether callers should come: 1, or 0 if one worker is not.", "livemin"),
    "requests_in_flight": ("Requests not answered when the pointer was looked at.", "livesum"),
    "requests_in_flight_limit": ("Requests in flight beyond which are told 429.", "livesum"),
    "model_version": ("Version that serves; 0 before the first.", "livemax"),
    "model_registered_timestamp_seconds": (
        "When the version that serves was registered, after its training; 0 before the first.",
        "livemax",
    ),
    "model_reload_failures": ("Versions that could not be loaded.", "livemax"),
}


def gauges(registry: CollectorRegistry) -> dict[str, Gauge]:
    """What a process tells of itself, by name, in a registry."""
    return {
        name: Gauge(name, text, registry=registry, multiprocess_mode=over_workers)
        for name, (text, over_workers) in GAUGES.items()
    }


class Metrics:
    """The server's counters, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "requests", "Requests answered.", ["route", "status"], registry=self.registry
        )
        self.latency = Histogram(
            "request_duration_seconds",
            "Time from the request's head to the answer.",
            ["route"],
            buckets=LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self.rows = Counter("predicted_rows", "Rows answered.", registry=self.registry)
        self.decisions = Counter(
            "predicted_decisions",
            "Rows answered, by decision; none of a regression.",
            ["decision"],
            registry=self.registry,
        )
        self.log_failures = Counter(
            "prediction_log_failures", "Requests refused, not logged.", registry=self.registry
        )
        self.log_lost = Counter(
            "prediction_log_lost", "Requests answered, not logged.", registry=self.registry
        )
        self.log_slow = Counter(
            "prediction_log_slow_writes",
            f"Writes of the log that took more than {SLOW_WRITE_S} s, in which nobody was answered.",
            registry=self.registry,
        )
        self.fallbacks = Counter(
            "fallback_answers", "Requests that the fallback answered.", registry=self.registry
        )
        self.refusals = Counter(
            "contract_refusals",
            "Requests refused because a column breaks a rule of the contract.",
            ["column", "rule"],
            registry=self.registry,
        )
        self._gauges = gauges(self.registry)
        self._requests = cache(self.requests.labels)  # finding a label's counter takes longer
        self._latency = cache(self.latency.labels)  # than counting
        self._decisions = cache(
            lambda decision: self.decisions.labels(canonical_category(decision))
        )

    def configured(self, workers: int, in_flight: int) -> None:
        """Tell how many processes are to answer, and how many requests each takes at once."""
        self._gauges["workers_wanted"].set(workers)
        self._gauges["requests_in_flight_limit"].set(in_flight)

    def serves(self, version: int, registered_s: float, reload_failures: int) -> None:
        """Tell what this process serves by now."""
        self._gauges["model_version"].set(version)
        self._gauges["model_registered_timestamp_seconds"].set(registered_s)
        self._gauges["model_reload_failures"].set(reload_failures)

    def fares(self, *, ready: bool, in_flight: int) -> None:
        """Tell how this process fares; it is one that runs."""
        self._gauges["workers"].set(1)
        self._gauges["server_ready"].set(ready)
        self._gauges["requests_in_flight"].set(in_flight)

    def answered(self, route: str, status: int, duration_s: float) -> None:
        """Count an answer; routes and statuses are few."""
        self._requests(route, status).inc()
        self._latency(route).observe(duration_s)

    def predicted(self, decisions: list[Any]) -> None:
        """Count the rows of an answer by decision; a regression decides nothing, ``None``."""
        self.rows.inc(len(decisions))
        for decision in set(decisions) - {None}:
            self._decisions(decision).inc(decisions.count(decision))

    def refused(self, faults: Iterable[Fault]) -> None:
        """Count a request once for each column and rule that it breaks."""
        for column, rule in {(column_of(fault), fault.rule) for fault in faults}:
            self.refusals.labels(column, rule).inc()

    def exposition(self) -> bytes:
        """The text that Prometheus reads."""
        if FOLDER not in os.environ:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)
