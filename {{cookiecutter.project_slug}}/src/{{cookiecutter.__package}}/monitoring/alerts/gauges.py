"""What is open and what was measured last, in Prometheus' text format."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from ..finding import Finding
from ..history import Judged
from .store import Alert

THING = ("kind", "subject", "part")
MEASURED = ("model", "version", *THING, "measure")
GAUGES = {
    "alert_active": ("1 while an alert is open.", ("model", *THING, "severity")),
    "value": ("What the newest window that was judged showed.", MEASURED),
    "limit": ("Up to where, or down to where, that is ordinary.", MEASURED),
    "last_run_timestamp_seconds": ("When monitoring ran last.", ("model",)),
    "window_end_timestamp_seconds": ("End of the newest window.", ("model",)),
}
"""By name, without the prefix that keeps them apart from the server's: meaning and labels."""


def gauges(
    model: str,
    version: int,
    windows: Sequence[Judged],
    found: Mapping[str, Sequence[Finding]],
    open_: Sequence[Alert],
    now: datetime,
) -> bytes:
    """The file's content; ``found`` holds the findings of recent windows, in the order of time."""
    registry = CollectorRegistry()

    def gauge(name: str) -> Gauge:
        return Gauge(f"monitoring_{name}", *GAUGES[name], registry=registry)

    active = gauge("alert_active")
    for alert in open_:
        active.labels(model, *alert.key, alert.severity).set(1)
    value, limit = gauge("value"), gauge("limit")
    for finding in _newest(found):
        names = (model, str(version), *finding.key, finding.measure)
        value.labels(*names).set(finding.value)
        if finding.limit is not None:
            limit.labels(*names).set(finding.limit)
    ran = gauge("last_run_timestamp_seconds")
    ran.labels(model).set(now.timestamp())
    complete = [window.last for window in windows if window.complete]
    if complete:
        end = date.fromisoformat(max(complete)) + timedelta(days=1)
        ended = gauge("window_end_timestamp_seconds")
        ended.labels(model).set(datetime.combine(end, time(), UTC).timestamp())
    return generate_latest(registry)


def _newest(found: Mapping[str, Sequence[Finding]]) -> list[Finding]:
    """The findings of each kind in the newest window that has some: labels come later than rows."""
    newest: dict[str, list[Finding]] = {}
    for findings in found.values():
        kinds: dict[str, list[Finding]] = {}
        for finding in findings:
            kinds.setdefault(finding.kind, []).append(finding)
        newest |= kinds
    return [finding for findings in newest.values() for finding in findings]
