"""What this process counted, told once a minute to files of the log, for monitoring to read.

Counts alone: columns and rules by name, no value that anybody sent. A process that is killed takes
what it counted since it told last, at most a minute of it, along.
"""

import logging
import time
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..log.segments import SERVICE
from .log import PREDICT, PREDICT_COLUMNS
from .metrics import Metrics
from .prediction_log import Journal, UnwrittenError
from .predictor import Predictor

EVERY_S = 60.0
LOGGER = logging.getLogger(__name__)
Counts = Counter[tuple[str, ...]]


class Facts:
    """Tells what was counted since it told last: a record for a minute in which something was."""

    def __init__(
        self,
        folder: Path,
        metrics: Metrics,
        every_s: float = EVERY_S,
        predict_paths: Iterable[str] = (PREDICT, PREDICT_COLUMNS),
    ) -> None:
        """Requests of ``predict_paths`` are those for predictions."""
        self._journal = Journal(folder, SERVICE)
        self._metrics = metrics
        self._predict_paths = frozenset(predict_paths)
        self._every_s = every_s
        self._begin(_counted(metrics))
        self._serving: tuple[str, int] | None = None

    def look(self, predictor: Predictor | None) -> None:
        """Tell if it is time to, or if another version serves than before; called now and then."""
        serving = None if predictor is None else (predictor.name, predictor.version)
        if serving != self._serving or time.monotonic() - self._told >= self._every_s:
            self.tell()
            self._serving = serving
        self._journal.let_go()

    def tell(self) -> None:
        """Tell now; what the disk does not take is told the next time."""
        counted = _counted(self._metrics)
        new = counted - self._before
        record = None if self._serving is None else _record(new, self._predict_paths)
        if record is not None and self._serving is not None:
            name, version = self._serving
            now = datetime.now(UTC)
            head = {"time": now, "since": self._since, "model": name, "version": version}
            try:
                self._journal.append([head | record])
            except UnwrittenError as error:
                LOGGER.warning("the log took no counts: %s", error.strerror)
                return
        self._begin(counted)

    def close(self) -> None:
        """Tell the rest."""
        self.tell()
        self._journal.close()

    def _begin(self, counted: Counts) -> None:
        self._before, self._told, self._since = counted, time.monotonic(), datetime.now(UTC)


def _counted(metrics: Metrics) -> Counts:
    """Every count of this process, by its name and labels."""
    return Counter(
        {
            (sample.name, *sample.labels.values()): int(sample.value)
            for family in metrics.registry.collect()
            for sample in family.samples
            if sample.name.endswith(("_total", "_bucket"))
        }
    )


def _record(new: Counts, predict_paths: Collection[str]) -> dict[str, Any] | None:
    """Requests for predictions by status and by milliseconds, and what was refused for which rule."""
    requests: Counter[str] = Counter()
    within: Counter[float] = Counter()
    refused = []
    for (name, *labels), n in new.items():
        if name == "requests_total" and labels[0] in predict_paths:
            requests[labels[1]] += n
        elif name == "request_duration_seconds_bucket" and labels[0] in predict_paths:
            within[float(labels[1]) * 1e3] += n
        elif name == "contract_refusals_total":
            refused.append([*labels, n])
    if not requests:
        return None
    uppers = sorted(within)
    below = [0, *(within[upper] for upper in uppers)]
    each = {f"{upper:g}": n - m for upper, n, m in zip(uppers, below[1:], below, strict=False)}
    return {
        "requests": dict(requests),
        "ms": {upper: n for upper, n in each.items() if n},
        "refused": sorted(refused),
    }
