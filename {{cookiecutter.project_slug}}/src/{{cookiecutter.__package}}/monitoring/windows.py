"""What was served, cut into windows: of whole local days, or of rows where rows have no time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from ..config import CheckConfig, MonitorConfig
from ..contract import Contract
from ..models.bundle import Bundle
from ..models.days import FIRST_S, LAST_S, first_day, local_days, windows_of
from ..models.inputs import Inputs
from .history import JudgedWindow
from .read_log import LoggedRows

Settings = TypeVar("Settings", bound=CheckConfig)
Array = npt.NDArray[Any]
EPOCH = date(1970, 1, 1)
CELLS = 16_000_000
"""Cells that are read at once."""
MARK = pl.struct("_key", "_answered", "_label").hash().sum()
"""Equal for equal rows and labels."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """Rows that one version answered, in the order of the log."""

    index: pl.DataFrame
    """As of ``LoggedRows``."""
    logged: LoggedRows

    def __len__(self) -> int:
        return self.index.height

    def __getitem__(self, rows: Array) -> "Served":
        return replace(self, index=self.index[rows])

    @property
    def outputs(self) -> Array:
        """As the task gives them, ``[rows]`` or ``[rows, classes]``."""
        outputs = self.index["_output"]
        if outputs.dtype == pl.List and len(outputs):
            outputs = outputs.list.to_array(len(outputs[0]))
        return outputs.to_numpy()

    @property
    def seconds(self) -> npt.NDArray[np.int64]:
        """When each row happened: the contract's time, else when it was answered; UTC seconds."""
        return self.index["_seconds"].to_numpy()

    @property
    def labels(self) -> npt.NDArray[np.float64]:
        """As the task encodes them; NaN while a label is unknown."""
        return self.index["_label"].fill_null(float("nan")).to_numpy()

    @property
    def keys(self) -> Array:
        """What each row is known by: a number for its id, or for its request and place."""
        return self.index["_key"].to_numpy()

    def sample(self, n_rows: int) -> "Served":
        """So many rows, spread evenly; all where there are no more."""
        n = min(len(self), n_rows)
        return self[np.arange(n) * len(self) // max(n, 1)]

    def read(self, names: Sequence[str]) -> pl.DataFrame:
        """Some of the contract's features, as the model's inputs have them."""
        return self.logged.columns(self.index["_at"], names)

    def inputs(self, contract: Contract) -> Inputs:
        """What the model takes."""
        inputs = Inputs.empty(contract, len(self))
        columns = self.read([*contract.numeric, *contract.category, *contract.times])
        for group, names in (
            (inputs.numeric, contract.numeric),
            (inputs.category, contract.category),
            (inputs.time, contract.times),
        ):
            if names:  # a frame without columns has no rows either
                group[:] = columns.select(names).to_numpy()
        return inputs


class Columns(dict[str, Array]):
    """Columns of some rows, read a few at a time when they are looked up, and not kept."""

    def __init__(self, rows: Served, names: Sequence[str]) -> None:
        super().__init__()
        self._rows, self._names, self._read = rows, names, pl.DataFrame()

    def __missing__(self, name: str) -> Array:
        if name not in self._read.columns:
            start, many = self._names.index(name), max(1, CELLS // len(self._rows))
            self._read = self._rows.read(self._names[start : start + many])
        return self._read[name].to_numpy()


@dataclass(frozen=True, kw_only=True)
class Window:
    """What a check sees: the rows of a window, and the model that answered."""

    record: JudgedWindow
    """What the history will hold: name, version, days; without findings as yet."""
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

    def settings_of(self, kind: str, section: type[Settings]) -> Settings:
        """The settings of an option's kind, in the option's own section."""
        settings = self.settings[kind]
        assert isinstance(settings, section)  # noqa: S101 - for mypy: the kind itself read it
        return settings


def cut(
    logged: LoggedRows,
    bundle: Bundle,
    version: int,
    config: MonitorConfig,
    settings: Mapping[str, CheckConfig],
    history: Sequence[JudgedWindow] = (),
) -> list[Window]:
    """Every window of which the log holds rows, in the order of time; of a row the newest answer counts."""
    contract, index = bundle.contract, logged.index.sort("_answered", maintain_order=True)
    index = index.with_columns(_window=_by_days(index["_seconds"], contract, config.window_days))
    served = (pl.col("_version") == version) & ~pl.col("_shadow")
    mine, others = index.filter(served), index.filter(pl.col("_version") != version)
    if contract.time is None:
        mine = mine.with_columns(_window=_by_rows(mine["_seconds"], config.window_rows, history))
    mine = mine.drop_nulls("_window").with_columns(_many=pl.len().over("_window"))
    mine = mine.unique(["_window", "_key"], keep="last", maintain_order=True)
    others = others.unique(["_version", "_window", "_key"], keep="last", maintain_order=True)
    parts = {int(n): part for (n,), part in mine.partition_by("_window", as_dict=True).items()}
    large = [part["_seconds"].to_numpy() for part in parts.values() if len(part) >= config.min_rows]
    windows = []
    for number, part in sorted(parts.items()):
        record = _record(number, part, set(parts), contract, version, config)
        happened = pl.col("_seconds").is_between(part["_seconds"].min(), part["_seconds"].max())
        beside = others.filter(happened if contract.time is None else pl.col("_window") == number)
        versions = {
            int(v): one for (v,), one in beside.partition_by("_version", as_dict=True).items()
        }
        marks = [(v, one.select(MARK).item()) for v, one in sorted(versions.items())]
        window = Window(
            record=replace(record, fingerprint=f"{part.select(MARK).item()} {marks}"),
            rows=Served(index=part.sort("_at"), logged=logged),
            others={v: Served(index=one.sort("_at"), logged=logged) for v, one in versions.items()},
            bundle=bundle,
            config=config,
            settings=settings,
            newest_s=max((int(seconds.max()) for seconds in large), default=None),
        )
        windows.append(window)
    return windows


def _record(
    number: int,
    rows: pl.DataFrame,
    numbers: set[int],
    contract: Contract,
    version: int,
    config: MonitorConfig,
) -> JudgedWindow:
    """A window's name and days, and whether rows reach its first and its last day."""
    seconds = rows["_seconds"].to_numpy()
    begin, end = local_days(np.array([seconds.min(), seconds.max()]), contract.zone).tolist()
    if contract.time is None:
        length, name = f"{config.window_rows} rows", f"row-{number * config.window_rows + 1:06}"
        first, last, is_begun = begin, end, True
        is_over = rows["_many"][0] == config.window_rows
    else:
        length, first = f"{config.window_days} days", first_day(number, config.window_days)
        last, name = first + config.window_days - 1, str(EPOCH + timedelta(days=first))
        is_begun, is_over = number - 1 in numbers or begin == first, end == last
    return JudgedWindow(
        model=contract.name,
        version=version,
        length=length,
        name=name,
        first=EPOCH + timedelta(days=first),
        last=EPOCH + timedelta(days=last),
        begin_s=int(seconds.min()),
        complete=is_begun and (number + 1 in numbers or is_over),
        rows=rows.height,
        labelled=rows["_label"].count(),
    )


def _by_days(seconds: pl.Series, contract: Contract, days: int) -> pl.Series:
    """The number of the window of each row; none of a time centuries away."""
    at = seconds.to_numpy()
    numbers = pl.Series(windows_of(local_days(at, contract.zone), days))
    return numbers.set(pl.Series((at < FIRST_S) | (at >= LAST_S)), None)


def _by_rows(seconds: pl.Series, n_rows: int, history: Sequence[JudgedWindow]) -> pl.Series:
    """The number of each row's window, counted as before where the log's oldest rows were deleted."""
    oldest, offset = int(seconds.to_numpy().min(initial=LAST_S)), 0
    left = [window for window in history if window.begin_s >= oldest]
    if left:
        first_row = int(left[0].name.removeprefix("row-")) - 1
        offset = first_row - int((seconds < left[0].begin_s).sum())
    return pl.int_range(offset, offset + len(seconds), eager=True) // n_rows
