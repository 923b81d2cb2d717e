"""What is open and what was measured last, in a file that Prometheus reads."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from ...storage import write_file
from ...terminal import say
from ..finding import Finding
from .store import Alert

THING = ("kind", "subject", "part")
MEASURED = ("model", "version", *THING, "measure")
GAUGES = {
    "alert_active": ("1 while an alert is open.", ("model", *THING, "severity")),
    "value": ("What the newest window that was judged showed.", MEASURED),
    "limit": ("The end of the reference range.", MEASURED),
    "last_run_timestamp_seconds": ("When monitoring ran last.", ("model",)),
}
"""By name, without the prefix that keeps them apart from the server's: meaning and labels."""


def write_metrics(
    path: Path,
    model: str,
    version: int,
    findings: Mapping[str, Sequence[Finding]],
    alerts: Sequence[Alert],
    now: datetime,
) -> None:
    """Replace the file; a disk that does not take it stops nothing."""
    registry = CollectorRegistry()
    active, value, limit, ran = (
        Gauge(f"monitoring_{name}", *about, registry=registry) for name, about in GAUGES.items()
    )
    for alert in alerts:
        active.labels(model, *alert.key, alert.severity).set(1)
    for finding in newest_of_kinds(findings):
        names = (model, str(version), *finding.key, finding.measure)
        value.labels(*names).set(finding.value)
        if finding.limit is not None:
            limit.labels(*names).set(finding.limit)
    ran.labels(model).set(now.timestamp())
    try:
        write_file(path, generate_latest(registry))
    except OSError as error:
        say(f"unwritten '{path}': {error.strerror}")


def newest_of_kinds(findings: Mapping[str, Sequence[Finding]]) -> list[Finding]:
    """The findings of each kind in the newest window that has some: labels come later than rows."""
    newest: dict[str, list[Finding]] = {}
    for found in findings.values():
        newest |= {one.kind: [other for other in found if other.kind == one.kind] for one in found}
    return [finding for found in newest.values() for finding in found]
