"""What Prometheus scrapes: one set of counters, also where several workers count.

Workers count in files of one folder that ``PROMETHEUS_MULTIPROC_DIR`` names, as ``prometheus_client``
has it; whichever of them is asked adds up all.
"""

import os
from functools import cache, partial
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
LATENCY_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class Metrics:
    """The server's counters, in a registry of their own."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        counter, gauge = partial(Counter, registry=registry), partial(Gauge, registry=registry)
        histogram = partial(Histogram, registry=registry, buckets=LATENCY_BUCKETS_S)
        requests = counter("requests", "Requests answered.", ["route", "status"])
        text = "Time from the request's head to the answer."
        latency = histogram("request_duration_seconds", text, ["route"])
        # finding a label's counter takes longer than counting
        self._requests, self._latency = cache(requests.labels), cache(latency.labels)
        self.rows = counter("predicted_rows", "Rows answered.")
        self.log_failures = counter("prediction_log_failures", "Requests refused, not logged.")
        self.log_lost = counter("prediction_log_lost", "Requests answered, not logged.")
        text = "Looks at the files of a task that failed; what was known before stays."
        self.failures = counter("background_failures", text, ["task"])
        # over the workers that live: the sum, the least or the most
        gauge("workers", "Processes that answer.", multiprocess_mode="livesum").set(1)
        text = "Whether callers should come: 1, or 0 if one worker is not ready."
        self.ready = gauge("server_ready", text, multiprocess_mode="livemin")
        text = "Requests not answered at the last look."
        self.in_flight = gauge("requests_in_flight", text, multiprocess_mode="livesum")
        text = "Version that serves; 0 before the first."
        self.version = gauge("model_version", text, multiprocess_mode="livemax")
        _reserve_counters()

    def answered(self, route: str, status: int, duration_s: float) -> None:
        """Count an answer; routes and statuses are few."""
        self._requests(route, status).inc()
        self._latency(route).observe(duration_s)

    def exposition(self) -> bytes:
        """The text that Prometheus reads."""
        if FOLDER not in os.environ:
            return generate_latest(self.registry)
        for pid in {int(path.stem.rpartition("_")[2]) for path in _counters("gauge_live*_*.db")}:
            if not _runs(pid):
                mark_process_dead(pid)  # type: ignore[no-untyped-call]
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)


def monitoring_text(reports: Path | None, model: str) -> bytes:
    """What monitoring wrote last for Prometheus, if it wrote anything that can be read."""
    if reports is None:
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
    except OSError:
        return False
    return True
