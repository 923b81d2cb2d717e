"""What Prometheus scrapes: one set of counters, also where several workers count.

Workers count in files of one folder that ``PROMETHEUS_MULTIPROC_DIR`` names, as ``prometheus_client``
has it; whichever of them is asked adds up all.
"""

import os
from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from ..values import canonical_category
from .problems import Fault, column_of

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
SLOW_WRITE_S = 0.1
LATENCY_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class Metrics:
    """The server's counters, in a registry of their own."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        counter = partial(Counter, registry=registry)
        self.requests = counter("requests", "Requests answered.", ["route", "status"])
        histogram = partial(Histogram, registry=registry, buckets=LATENCY_BUCKETS_S)
        text = "Time from the request's head to the answer."
        self.latency = histogram("request_duration_seconds", text, ["route"])
        self.rows = counter("predicted_rows", "Rows answered.")
        text = "Rows answered, by decision; none of a regression."
        self.decisions = counter("predicted_decisions", text, ["decision"])
        self.log_failures = counter("prediction_log_failures", "Requests refused, not logged.")
        self.log_lost = counter("prediction_log_lost", "Requests answered, not logged.")
        text = f"Writes of the log that took over {SLOW_WRITE_S} s."
        self.log_slow = counter("prediction_log_slow_writes", text)
        text = "Requests refused because a column breaks a rule."
        self.refusals = counter("contract_refusals", text, ["column", "rule"])
        self.failures = counter("background_failures", "Looks at files that failed.", ["task"])
        # finding a label's counter takes longer than counting
        self._requests, self._latency = cache(self.requests.labels), cache(self.latency.labels)
        self._decisions = cache(lambda value: self.decisions.labels(canonical_category(value)))
        self._add_gauges()
        _reserve_counters()

    def _add_gauges(self) -> None:
        """Add what holds now, over the workers that live."""

        def gauge(name: str, over_workers: Any, text: str) -> Gauge:
            return Gauge(name, text, registry=self.registry, multiprocess_mode=over_workers)

        self.workers = gauge("workers", "livesum", "Processes that answer.")
        self.workers.set(1)
        self.expected = gauge("workers_wanted", "livemax", "Processes that are to answer.")
        text = "Whether callers should come: 1, or 0 if one worker is not ready."
        self.ready = gauge("server_ready", "livemin", text)
        text = "Requests not answered at the last look."
        self.in_flight = gauge("requests_in_flight", "livesum", text)
        text = "Requests beyond which 429 is answered."
        self.in_flight_limit = gauge("requests_in_flight_limit", "livesum", text)
        self.version = gauge("model_version", "livemax", "Version that serves; 0 before the first.")
        text = "When the version that serves was registered; 0 before the first."
        self.registered = gauge("model_registered_timestamp_seconds", "livemax", text)
        text = "Versions that could not be loaded."
        self.reload_failures = gauge("model_reload_failures", "livemax", text)

    def answered(self, route: str, status: int, duration_s: float) -> None:
        """Count an answer; routes and statuses are few."""
        self._requests(route, status).inc()
        self._latency(route).observe(duration_s)

    def predicted(self, answers: list[dict[str, Any]]) -> None:
        """Count the rows of an answer, by decision where there are any."""
        self.rows.inc(len(answers))
        decisions = [answer["decision"] for answer in answers if "decision" in answer]
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
    """What monitoring wrote last for Prometheus, if it wrote anything that can be read."""
    if reports is None or model is None:
        return b""
    try:
        return (reports / model / "metrics.prom").read_bytes()
    except OSError:
        return b""


def _reserve_counters() -> None:
    """Take the place that this worker's counters need: a full disk would kill it at a count."""
    for path in _counters(f"*_{os.getpid()}.db"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def _counters(pattern: str) -> list[Path]:
    folder = os.environ.get(FOLDER)
    return list(Path(folder).glob(pattern)) if folder else []


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
