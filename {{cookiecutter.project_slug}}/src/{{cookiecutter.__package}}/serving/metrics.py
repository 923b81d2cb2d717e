"""What Prometheus scrapes: one set of counters, also where several workers count.

Workers count in files of one folder that ``PROMETHEUS_MULTIPROC_DIR`` names, as ``prometheus_client``
has it; whichever of them is asked adds up all.
"""

import logging
import os
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.parser import text_string_to_metric_families

from ..values import canonical_category
from .problems import Fault, column_of

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
SLOW_WRITE_S = 0.1
LATENCY_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
MAX_MONITORING_BYTES = 1_000_000
LOGGER = logging.getLogger(__name__)


class Metrics:
    """The server's counters, in a registry of their own."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, labels, registry=registry)

        self.requests = counter("requests", "Requests answered.", "route", "status")
        self.latency = Histogram(
            "request_duration_seconds",
            "Time from the request's head to the answer.",
            ["route"],
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.rows = counter("predicted_rows", "Rows answered.")
        self.decisions = counter(
            "predicted_decisions", "Rows answered, by decision; none of a regression.", "decision"
        )
        self.log_failures = counter("prediction_log_failures", "Requests refused, not logged.")
        self.log_lost = counter("prediction_log_lost", "Requests answered, not logged.")
        self.log_slow = counter(
            "prediction_log_slow_writes", f"Writes of the log that took over {SLOW_WRITE_S} s."
        )
        self.refusals = counter(
            "contract_refusals",
            "Requests refused because a column breaks a rule.",
            "column",
            "rule",
        )
        self.failures = counter("background_failures", "Looks at files that failed.", "task")
        self._requests = cache(self.requests.labels)  # finding a label's counter takes longer
        self._latency = cache(self.latency.labels)  # than counting
        self._decisions = cache(lambda value: self.decisions.labels(canonical_category(value)))
        self._add_gauges(registry)
        _reserve_counters()

    def _add_gauges(self, registry: CollectorRegistry) -> None:
        """Add what holds now, over the workers that live."""

        def gauge(name: str, text: str, over_workers: Any) -> Gauge:
            return Gauge(name, text, registry=registry, multiprocess_mode=over_workers)

        self.workers = gauge("workers", "Processes that answer.", "livesum")
        self.expected = gauge("workers_wanted", "Processes that are to answer.", "livemax")
        self.ready = gauge(
            "server_ready", "Whether callers should come: 1, or 0 if one worker is not.", "livemin"
        )
        self.in_flight = gauge(
            "requests_in_flight", "Requests not answered at the last look.", "livesum"
        )
        self.in_flight_limit = gauge(
            "requests_in_flight_limit", "Requests beyond which 429 is answered.", "livesum"
        )
        self.version = gauge("model_version", "Version that serves; 0 before the first.", "livemax")
        self.registered = gauge(
            "model_registered_timestamp_seconds",
            "When the version that serves was registered, after its training; 0 before the first.",
            "livemax",
        )
        self.reload_failures = gauge(
            "model_reload_failures", "Versions that could not be loaded.", "livemax"
        )
        self.workers.set(1)

    def answered(self, route: str, status: int, duration_s: float) -> None:
        """Count an answer; routes and statuses are few."""
        self._requests(route, status).inc()
        self._latency(route).observe(duration_s)

    def predicted(self, n_rows: int, decisions: list[Any]) -> None:
        """Count the rows of an answer, by decision where there are any."""
        self.rows.inc(n_rows)
        for decision in set(decisions):
            self._decisions(decision).inc(decisions.count(decision))

    def refused(self, faults: Iterable[Fault]) -> None:
        """Count a request once for each column and rule that it breaks."""
        for column, rule in {(column_of(fault), fault.rule) for fault in faults}:
            self.refusals.labels(column, rule).inc()

    def exposition(self) -> bytes:
        """The text that Prometheus reads."""
        if FOLDER not in os.environ:
            return generate_latest(self.registry)
        for pid in {path.stem.rpartition("_")[2] for path in _counters("gauge_live*_*.db")}:
            if not _runs(int(pid)):
                mark_process_dead(int(pid))  # type: ignore[no-untyped-call]
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)


def monitoring_text(reports: Path | None, model: str | None) -> bytes:
    """What monitoring wrote last for Prometheus; nothing where none of it can be read.

    One bad line would lose Prometheus the server's own counters as well.
    """
    if reports is None or model is None:
        return b""
    path = reports / model / "metrics.prom"
    try:
        with path.open("rb") as file:
            content = file.read(MAX_MONITORING_BYTES)
        families = list(text_string_to_metric_families(content.decode()))
        if not content.endswith(b"\n") or any(
            not family.name.startswith("monitoring_") for family in families
        ):
            raise ValueError("it is cut off, or has metrics that are not monitoring's")
    except FileNotFoundError:
        return b""
    except (OSError, ValueError) as error:
        LOGGER.warning("'%s' is left out of /metrics: %s; make monitor writes it anew", path, error)
        return b""
    return content


def _counters(pattern: str) -> list[Path]:
    folder = os.environ.get(FOLDER)
    return list(Path(folder).glob(pattern)) if folder else []


def _reserve_counters() -> None:
    """Take the place that this worker's counters need: a full disk would kill it at a count."""
    for path in _counters(f"*_{os.getpid()}.db"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def _runs(pid: int) -> bool:
    with suppress(PermissionError):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True
