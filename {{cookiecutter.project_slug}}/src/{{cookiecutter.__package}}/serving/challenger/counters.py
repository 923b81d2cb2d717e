"""What ``/metrics`` shows of a challenge."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class Counters:
    """The counters of a process, among those of the server."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "challenger_requests",
            "Requests that were the challenger's: answered or shadowed by it; failed, late or dropped"
            " ones the champion answered.",
            ["outcome"],
            registry=registry,
        )
        self.aborts = Counter(
            "challenger_aborts",
            "Challenges that this server ended, by the rule that was broken.",
            ["rule"],
            registry=registry,
        )
        self.version, self.aborted = (
            Gauge(name, text, registry=registry, multiprocess_mode="livemax")
            for name, text in (
                ("challenger_version", "Version that challenges; 0 where none does."),
                ("challenger_aborted", "Version whose challenge a server ended; 0 if none."),
            )
        )
