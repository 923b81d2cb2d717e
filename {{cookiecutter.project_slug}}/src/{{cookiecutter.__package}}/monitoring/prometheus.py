"""Option ``prometheus``: open alerts and the newest findings, in a file that the server shows."""

from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from ..config import Config
from ..models.versions import Versions
from ..storage import write_file
from ..terminal import say
from .alerts import read_alerts
from .history import read_windows

FILE = "metrics.prom"
THING = ("kind", "subject")


def write(config: Config, name: str) -> None:
    """Write ``reports/<model>/metrics.prom``: of each measure the newest window that has it.

    Labels come later than rows, so that quality is of an older window than drift.
    """
    version = Versions(config.train.bundles, name).served()
    number = version.number if version else None
    windows = read_windows(config.monitor.history, name, number)
    registry = CollectorRegistry()

    def gauge(suffix: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"monitoring_{suffix}", meaning, ("model", *labels), registry=registry)

    active = gauge("alert_active", "1 while an alert is open.", *THING, "severity")
    value = gauge("value", "What was measured last.", "version", *THING, "measure")
    limit = gauge("limit", "The end of the reference range.", "version", *THING, "measure")
    ran = gauge("last_run_timestamp_seconds", "When monitoring ran last.")
    for alert in read_alerts(config.monitor.history, name):
        if alert.resolved is None:
            active.labels(name, *alert.key, alert.severity).set(1)
    newest = {(f.kind, f.measure): window for window in windows for f in window.findings}
    for window in windows:
        for finding in window.findings:
            if newest[finding.kind, finding.measure] is window:
                labels = (name, str(window.version), *finding.key, finding.measure)
                value.labels(*labels).set(finding.value)
                if finding.limit is not None:
                    limit.labels(*labels).set(finding.limit)
    ran.labels(name).set(datetime.now(UTC).timestamp())
    try:
        write_file(config.monitor.reports / name / FILE, generate_latest(registry))
    except OSError as error:  # a full disk stops nothing
        say(f"unwritten '{FILE}': {error.strerror}")
