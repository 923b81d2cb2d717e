"""What was served, cut into windows of whole local days."""

from collections.abc import Iterator, Mapping, Sequence, Set
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

    def columns(self, names: Sequence[str]) -> Iterator[Array]:
        """Features one by one; a few are read and held at once."""
        many = max(1, CELLS // len(self))
        for start in range(0, len(names), many):
            for column in self.read(names[start : start + many]):
                yield column.to_numpy()

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
) -> list[Window]:
    """Every window of which the log holds rows, in the order of time; of a row the newest answer counts."""
    contract, index = bundle.contract, logged.index.sort("_answered", maintain_order=True)
    index = index.with_columns(_window=_window_numbers(index, contract, config.window_days))
    index = index.drop_nulls("_window")
    mine = index.filter(pl.col("_version") == version, ~pl.col("_shadow"))
    others = index.filter(pl.col("_version") != version)
    served = {number: one[version] for number, one in _by_window(mine, logged).items()}
    beside = _by_window(others, logged)
    large = [rows for rows in served.values() if len(rows) >= config.min_rows]
    newest_s = max((int(rows.seconds.max()) for rows in large), default=None)
    return [
        Window(
            record=_record(number, rows, served.keys(), contract, version, config),
            rows=rows,
            others=beside.get(number, {}),
            bundle=bundle,
            config=config,
            settings=settings,
            newest_s=newest_s,
        )
        for number, rows in sorted(served.items())
    ]


def _window_numbers(index: pl.DataFrame, contract: Contract, days: int) -> pl.Series:
    """The number of the window of each row; none of a time centuries away."""
    seconds = index["_seconds"].to_numpy()
    numbers = pl.Series(windows_of(local_days(seconds, contract.zone), days))
    return numbers.set(pl.Series((seconds < FIRST_S) | (seconds >= LAST_S)), None)


def _by_window(index: pl.DataFrame, logged: LoggedRows) -> dict[int, dict[int, Served]]:
    """The rows of each window by version, each once, in the order of the log."""
    index = index.unique(["_window", "_version", "_key"], keep="last", maintain_order=True)
    served: dict[int, dict[int, Served]] = {}
    for (window, version), rows in index.partition_by("_window", "_version", as_dict=True).items():
        served.setdefault(window, {})[version] = Served(index=rows.sort("_at"), logged=logged)
    return served


def _record(
    number: int,
    rows: Served,
    numbers: Set[int],
    contract: Contract,
    version: int,
    config: MonitorConfig,
) -> JudgedWindow:
    """A window's days, and whether rows reach its first and its last one."""
    first = first_day(number, config.window_days)
    last = first + config.window_days - 1
    ends = np.array([rows.seconds.min(), rows.seconds.max()])
    begin, end = local_days(ends, contract.zone).tolist()
    return JudgedWindow(
        model=contract.name,
        version=version,
        first=EPOCH + timedelta(days=first),
        last=EPOCH + timedelta(days=last),
        complete=(begin == first or number - 1 in numbers)
        and (end == last or number + 1 in numbers),
        rows=len(rows),
        labelled=rows.index["_label"].count(),
    )
