"""How the server did: how long callers waited, how often it failed them, how many rows came."""

from collections.abc import Iterator

import numpy as np

from ..check import Check, Kind
from ..facts import Facts, facts_of, share
from ..finding import Finding
from ..seen import Seen

PERCENTILES = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}
JUDGED = "p95_ms"
Z = 1.96
GROSS = 0.5


def judge(seen: Seen) -> list[Finding]:
    """Latency and errors of all requests for predictions, and rows a day."""
    days = (seen.window.last - seen.window.first).days + 1
    rows = len(seen.window.rows)
    found = [
        Finding(kind="throughput", subject="rows", measure="per_day", value=rows / days, rows=rows)
    ]
    facts = facts_of(seen)
    if facts is None or not facts.requests:
        return found
    return [*found, *_latency(seen, facts), _errors(seen, facts)]


def _latency(seen: Seen, facts: Facts) -> Iterator[Finding]:
    """Percentiles, each between those that the rank may be off to by chance (normal, of ranks)."""
    n = facts.requests
    for measure, at in PERCENTILES.items():
        off = Z * np.sqrt(at * (1 - at) / n)
        low, high = (facts.percentile_ms(min(max(at + by, 0.0), 1.0)) for by in (-off, off))
        limit = seen.config.latency.threshold if measure == JUDGED else None
        yield Finding(
            kind="latency",
            subject="requests",
            measure=measure,
            value=facts.percentile_ms(at),
            low=low,
            high=high,
            limit=limit,
            rows=n,
            breach=limit is not None and low > limit,
        )


def _errors(seen: Seen, facts: Facts) -> Finding:
    value, low, high = share(facts.failed, facts.requests)
    limit = seen.config.error_rate.threshold
    return Finding(
        kind="error_rate",
        subject="requests",
        measure="failed_share",
        value=value,
        low=low,
        high=high,
        limit=limit,
        rows=facts.requests,
        breach=low > limit,
        gross=f"{value:.0%} of requests fail" if low > max(limit, GROSS) else "",
    )


CHECK = Check(
    kinds=[
        Kind(
            name="latency",
            lead="{subject} is slow",
            title="Latency",
            note="How long callers waited for an answer. Ordinary windows stay below the dashed"
            " limit.",
            whole=True,
        ),
        Kind(
            name="error_rate",
            lead="{subject} fails",
            title="Failed requests",
            note="Requests that the server could not answer, of all. Ordinarily next to none.",
        ),
        Kind(
            name="throughput",
            lead="traffic of {subject} changed",
            title="Traffic",
            note="How many rows were answered. It is shown and not judged.",
        ),
    ],
    judge=judge,
)
