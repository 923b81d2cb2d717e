"""Cuts what was served into windows: of whole local days, or of rows where rows have no time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from ..contract import Contract
from ..models.days import FIRST_S, LAST_S, first_day, local_days, windows_of
from .read_log import LoggedRows
from .window import Columns, Served

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Length:
    """How long windows are: days of the contract's time, or rows where it has none."""

    days: int
    rows: int
    by_rows: bool

    def __str__(self) -> str:
        return f"{self.rows} rows" if self.by_rows else f"{self.days} days"

    def name(self, number: int) -> str:
        """The first day, in ISO 8601, or the first row."""
        if self.by_rows:
            return f"row-{number * self.rows + 1:06}"
        return (EPOCH + timedelta(days=first_day(number, self.days))).isoformat()


@dataclass(frozen=True, kw_only=True)
class Span:
    """What the log holds of one window."""

    name: str
    number: int
    first: date
    last: date
    begin_s: int
    newest_s: int
    """The times of its first and its newest row, UTC seconds."""
    complete: bool
    rows: int
    labelled: int
    fingerprint: str
    """Equal for equal rows and labels."""


class Windows:
    """The rows of one version, by window."""

    def __init__(
        self,
        logged: LoggedRows,
        contract: Contract,
        version: int,
        length: Length,
        begins: Mapping[int, int] | None = None,
    ) -> None:
        """``begins`` are the times at which windows of rows began, by number, as judged before."""
        self._logged, self._contract, self._length = logged, contract, length
        mine = pl.col("_version") == version
        self._others = logged.index.filter(~mine)
        newest = logged.index.filter(mine).sort("_answered", maintain_order=True)
        if length.by_rows:
            numbers = _count_on(newest["_seconds"], length.rows, begins or {})
        else:
            numbers = _by_day(newest["_seconds"], contract, length)
        last = numbers.tail(length.rows)
        self._last_is_full = len(last) == length.rows and last.n_unique() == 1
        newest = newest.with_columns(_window=numbers).filter(pl.col("_window").is_not_null())
        self._rows = newest.unique(["_window", "_key"], keep="last", maintain_order=True)
        self.spans = self._measure()

    def newest_s(self, min_rows: int) -> int | None:
        """The time of the newest row, UTC seconds, of a window that is more than a stray row."""
        ends = [span.newest_s for span in self.spans if span.rows >= min_rows]
        return max(ends or [span.newest_s for span in self.spans], default=None)

    def rows(self, span: Span) -> Served:
        """The rows of a window."""
        return self._served(self._rows.filter(pl.col("_window") == span.number))

    def others(self, span: Span) -> dict[int, Served]:
        """What each other version answered in the time of a window."""
        if self._others.is_empty():
            return {}
        if self._length.by_rows:
            inside = pl.col("_seconds").is_between(span.begin_s, span.newest_s)
            near = self._others.filter(inside)
        else:
            numbers = _by_day(self._others["_seconds"], self._contract, self._length)
            near = self._others.filter(numbers == span.number)
        near = near.sort("_answered", maintain_order=True).unique(
            ["_version", "_key"], keep="last", maintain_order=True
        )
        parts = near.partition_by("_version", as_dict=True)
        return {int(version): self._served(part) for (version,), part in parts.items()}

    def _served(self, rows: pl.DataFrame) -> Served:
        rows = rows.sort("_at")
        contract, places = self._contract, rows["_at"]
        names = [*contract.numeric, *contract.category, *contract.times]
        outputs = rows["_output"]
        if contract.task == "multiclass":
            outputs = outputs.list.to_array(len(contract.labels or ()))
        return Served(
            outputs=outputs.to_numpy(),
            seconds=rows["_seconds"].to_numpy(),
            labels=rows["_label"].fill_null(float("nan")).to_numpy(),
            keys=rows["_key"].to_numpy(),
            columns=Columns(names, len(rows), lambda some: self._logged.columns(places, some)),
        )

    def _measure(self) -> list[Span]:
        """Every window of which the log holds rows, in the order of time."""
        mark = pl.struct("_key", "_answered", "_label").hash()
        found = self._rows.group_by("_window").agg(
            pl.col("_seconds").min().alias("begin_s"),
            pl.col("_seconds").max().alias("newest_s"),
            pl.len().alias("rows"),
            pl.col("_label").count().alias("labelled"),
            mark.sum().alias("mark"),
        )
        found = found.sort("_window")
        zone, numbers = self._contract.zone, set(found["_window"].to_list())
        ends = [local_days(found[end].to_numpy(), zone) for end in ("begin_s", "newest_s")]
        days = zip(*(end.tolist() for end in ends), strict=True)
        return [
            self._span(row, numbers, *both)
            for row, both in zip(found.iter_rows(named=True), days, strict=True)
        ]

    def _span(self, row: dict[str, int], numbers: set[int], begin: int, end: int) -> Span:
        number, length = row["_window"], self._length
        if length.by_rows:
            first, last = begin, end
            complete = number + 1 in numbers or self._last_is_full
        else:
            first = first_day(number, length.days)
            last = first_day(number + 1, length.days) - 1
            complete = (number - 1 in numbers or begin == first) and (
                number + 1 in numbers or end == last
            )
        return Span(
            name=length.name(number),
            number=number,
            first=EPOCH + timedelta(days=first),
            last=EPOCH + timedelta(days=last),
            begin_s=row["begin_s"],
            newest_s=row["newest_s"],
            complete=complete,
            rows=row["rows"],
            labelled=row["labelled"],
            fingerprint=f"{row['rows']} {row['labelled']} {row['mark']:x}",
        )


def _by_day(seconds: pl.Series, contract: Contract, length: Length) -> pl.Series:
    """The window of each row; none of a time centuries away."""
    at = seconds.to_numpy()
    numbers = pl.Series("_window", windows_of(local_days(at, contract.zone), length.days))
    return numbers.set(pl.Series((at < FIRST_S) | (at >= LAST_S)), None)


def _count_on(seconds: pl.Series, n_rows: int, begins: Mapping[int, int]) -> pl.Series:
    """The window of each row, numbered as before where the log's oldest rows were deleted."""
    offset, oldest = 0, int(seconds.to_numpy().min(initial=LAST_S))
    for number, begin_s in sorted(begins.items()):
        if begin_s >= oldest:
            offset = number * n_rows - int((seconds < begin_s).sum())
            break
    return (pl.int_range(offset, offset + len(seconds), eager=True) // n_rows).alias("_window")
