"""What was served, cut into windows of whole local days."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import polars as pl

from ..config import CheckConfig, MonitorConfig
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


def cut(
    logged: Served,
    bundle: Bundle,
    version: int,
    config: MonitorConfig,
    settings: Mapping[str, CheckConfig],
) -> list[Window]:
    """Every window of which the log holds rows, in the order of time; of a row the newest answer counts.

    Windows are as long as those in which the training measured the reference ranges. One is complete
    when rows reach its first and its last day, or lie in the windows next to it.
    """
    zone, days = bundle.contract.zone, bundle.profile["window_days"]
    index = logged.index.sort("_answered", maintain_order=True)
    local = local_days(index["_seconds"].to_numpy(), zone)
    index = index.with_columns(_day=local, _window=windows_of(local, days)).filter(
        pl.col("_seconds").is_between(FIRST_S, LAST_S, closed="left"),  # no time centuries away
        (pl.col("_version") != version) | ~pl.col("_shadow"),
    )
    index = index.unique(["_window", "_version", "_key"], keep="last", maintain_order=True)
    others: dict[int, dict[int, Served]] = {}
    for (number, by), part in index.partition_by("_window", "_version", as_dict=True).items():
        others.setdefault(number, {})[by] = Served(index=part.sort("_at"), folder=logged.folder)
    mine = {number: rows.pop(version) for number, rows in others.items() if version in rows}
    large = [rows for rows in mine.values() if len(rows) >= config.min_rows]
    newest_s = max((int(rows.seconds.max()) for rows in large), default=None)
    model = bundle.contract.name
    return [
        Window(
            record=_record(model, version, number, days, mine),
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
    model: str, version: int, number: int, days: int, mine: Mapping[int, Served]
) -> JudgedWindow:
    """The days of one of a version's windows, and whether rows reach all of them."""
    index, first = mine[number].index, first_day(number, days)
    last = first + days - 1
    is_begun = index["_day"].min() == first or number - 1 in mine
    is_over = index["_day"].max() == last or number + 1 in mine
    return JudgedWindow(
        model=model,
        version=version,
        first=EPOCH + timedelta(days=first),
        last=EPOCH + timedelta(days=last),
        complete=is_begun and is_over,
        rows=len(index),
        labelled=index["_label"].count(),
    )
