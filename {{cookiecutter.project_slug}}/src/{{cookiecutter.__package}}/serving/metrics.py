"""What Prometheus scrapes."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

LATENCY_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
PROBABILITY_BUCKETS = tuple(step / 10 for step in range(1, 11))


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
        self.probability = Histogram(
            "prediction_probability",
            "Probabilities answered.",
            buckets=PROBABILITY_BUCKETS,
            registry=self.registry,
        )
        self.version = Gauge(
            "model_version", "Version that serves; 0 before the first.", registry=self.registry
        )
        self.reload_failures = Gauge(
            "model_reload_failures", "Versions that could not be loaded.", registry=self.registry
        )
        self.log_failures = Counter(
            "prediction_log_failures", "Requests refused, not logged.", registry=self.registry
        )
