"""Tells the tracker what monitoring found: neither of the two knows of the other."""

from math import isfinite

from ..config import Config
from ..models.versions import Versions
from ..monitoring.finding import Finding
from ..monitoring.history import Judged, read_windows


def mirror(config: Config, name: str, number: int) -> None:
    """Mirror the judged windows of a version; a failure is said and stops nothing."""
    from ..training.tracking import tracker_of
    from ..training.tracking.outbox import Outbox
    from ..training.tracking.watched import Watched, key

    def watched(window: Judged, findings: list[Finding]) -> Watched:
        values = {key(f.kind, f.subject, f.part, f.measure): f.value for f in findings}
        counts = {"rows": window.rows, "labelled": window.labelled}
        counts["breaches"] = sum(finding.breach for finding in findings)
        values |= {key("window", what): count for what, count in counts.items()}
        return Watched(
            name=window.name,
            fingerprint=window.fingerprint,
            judged=window.judged.timestamp(),
            values={k: v for k, v in values.items() if v is not None and isfinite(v)},
        )

    versions = Versions(config.train.bundles, name)
    known = read_windows(config.monitor.history, name, number)
    windows = [window for window in known if window.complete and window.findings]
    outbox = Outbox(versions, tracker_of(config.train, name), config.monitor.reports)
    outbox.watch(versions.get(number), [watched(w, [*w.findings]) for w in windows])
