"""What was served, cut into windows of whole local days."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import polars as pl

from ..config import CheckConfig, MonitorConfig
from ..contract import Contract
from ..models.bundle import Bundle
from ..models.days import FIRST_S, LAST_S, first_day, local_days, windows_of
from .history import JudgedWindow
from .read_log import Served

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Window:
    """What a check sees: the rows of a window, and the model that answered."""

    record: JudgedWindow
    """What the history will hold: version and days; without findings as yet."""
    rows: Served
    others: Mapping[int, Served] = field(default_factory=dict)
    """The rows that other versions answered in the same time, or were tried on, by version."""
    bundle: Bundle
    config: MonitorConfig
    settings: Mapping[str, CheckConfig]
    """Of each kind of finding, also of those that have no section in ``config``."""
    newest_s: int | None = None
    """The time of the newest row of the log, UTC seconds: by then labels had so long to come."""

    @property
    def contract(self) -> Contract:
        """The bundle's."""
        return self.bundle.contract


def cut(
    logged: Served,
    bundle: Bundle,
    version: int,
    config: MonitorConfig,
    settings: Mapping[str, CheckConfig],
) -> list[Window]:
    """Every window of which the log holds rows, in the order of time; of a row the newest answer counts.

    Windows are as long as those in which the training measured the reference ranges.
    """
    contract, days = bundle.contract, bundle.profile["window_days"]
    index = logged.index.sort("_answered", maintain_order=True)
    local = local_days(index["_seconds"].to_numpy(), contract.zone)
    index = index.with_columns(_window=pl.Series(windows_of(local, days))).filter(
        pl.col("_seconds").is_between(FIRST_S, LAST_S, closed="left"),  # no time centuries away
        (pl.col("_version") != version) | ~pl.col("_shadow"),
    )
    index = index.unique(["_window", "_version", "_key"], keep="last", maintain_order=True)
    others: dict[int, dict[int, Served]] = {}
    for (number, by), rows in index.partition_by("_window", "_version", as_dict=True).items():
        others.setdefault(number, {})[by] = Served(index=rows.sort("_at"), folder=logged.folder)
    mine = {number: rows.pop(version) for number, rows in others.items() if version in rows}
    large = [rows for rows in mine.values() if len(rows) >= config.min_rows]
    newest_s = max((int(rows.seconds.max()) for rows in large), default=None)
    return [
        Window(
            record=_record(number, rows, mine.keys(), contract, version, days),
            rows=rows,
            others=others[number],
            bundle=bundle,
            config=config,
            settings=settings,
            newest_s=newest_s,
        )
        for number, rows in sorted(mine.items())
    ]


def _record(
    number: int, rows: Served, numbers: Set[int], contract: Contract, version: int, days: int
) -> JudgedWindow:
    """A window's days, and whether rows reach its first and its last one."""
    first = first_day(number, days)
    last = first + days - 1
    ends = np.array([rows.seconds.min(), rows.seconds.max()])
    begin, end = local_days(ends, contract.zone).tolist()
    is_begun = begin == first or number - 1 in numbers
    is_over = end == last or number + 1 in numbers
    return JudgedWindow(
        model=contract.name,
        version=version,
        first=EPOCH + timedelta(days=first),
        last=EPOCH + timedelta(days=last),
        complete=is_begun and is_over,
        rows=len(rows),
        labelled=rows.index["_label"].count(),
    )
