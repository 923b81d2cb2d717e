"""What a check sees: one window of what was served, and the model that answered."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from ..config import CheckConfig, MonitorConfig
from ..contract import Contract
from ..models.bundle import Bundle
from ..models.inputs import Inputs

Settings = TypeVar("Settings", bound=CheckConfig)
Array = npt.NDArray[Any]
Integers = npt.NDArray[np.int64]
CELLS = 16_000_000
"""Cells that are read at once."""


class Columns(Mapping[str, Array]):
    """The columns of a window's rows, read a few at a time when they are asked for."""

    def __init__(
        self, names: Sequence[str], n_rows: int, read: Callable[[Sequence[str]], pl.DataFrame]
    ) -> None:
        self._names, self._read = list(names), read
        self._many = max(1, CELLS // max(n_rows, 1))
        self._known = pl.DataFrame()

    def __getitem__(self, name: str) -> Array:
        if name not in self._known.columns:
            at = self._names.index(name)
            self._known = self._read(self._names[at : at + self._many])
        column: Array = self._known[name].to_numpy()
        return column

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass(frozen=True, kw_only=True)
class Served:
    """Rows that one version answered, in the order of the log."""

    outputs: npt.NDArray[np.float64]
    """As the task gives them, ``[rows]`` or ``[rows, classes]``."""
    seconds: Integers
    """When each row happened: the contract's time, else when it was answered; UTC seconds."""
    labels: npt.NDArray[np.float64]
    """As the task encodes them; NaN while a label is unknown."""
    keys: Array
    """What each row is known by: a number for its id, or for its request and place."""
    columns: Mapping[str, Array]
    """The contract's features of the whole window, as the model's inputs have them."""
    places: Array | None = None
    """Of these rows among those of the window; none where they are all of them."""

    def __len__(self) -> int:
        return len(self.outputs)

    def __getitem__(self, rows: Array) -> "Served":
        return Served(
            outputs=self.outputs[rows],
            seconds=self.seconds[rows],
            labels=self.labels[rows],
            keys=self.keys[rows],
            columns=self.columns,
            places=rows if self.places is None else self.places[rows],
        )

    @property
    def n_labelled(self) -> int:
        """Rows whose label is known."""
        return int((~np.isnan(self.labels)).sum())

    def column(self, name: str) -> Array:
        """One feature of these rows."""
        column: Array = self.columns[name]
        return column if self.places is None else column[self.places]

    def inputs(self, contract: Contract) -> Inputs:
        """What the model takes."""

        def stack(names: Sequence[str], kind: Any) -> Array:
            made: Array = np.empty((len(self), len(names)), kind)
            for index, name in enumerate(names):
                made[:, index] = self.column(name)
            return made

        return Inputs(
            numeric=stack(contract.numeric, np.float32),
            category=stack(contract.category, object),
            time=stack(contract.times, np.int64),
        )


@dataclass(frozen=True, kw_only=True)
class Window:
    """Consecutive rows, of some days or some number of them, to be judged."""

    name: str
    """The first day, in ISO 8601, or ``row-000001``."""
    first: date
    last: date
    complete: bool
    """Whether what was served reaches from its first day to its last; others are not judged."""
    rows: Served
    bundle: Bundle
    version: int
    config: MonitorConfig
    settings: Mapping[str, CheckConfig]
    """Of each kind of finding, also of those that have no section in ``config``."""
    newest_s: int | None = None
    """The time of the newest row of the log, UTC seconds: by then labels had so long to come."""
    others: Mapping[int, Served] = field(default_factory=dict)
    """The rows of the window that other versions answered, by version."""

    @property
    def contract(self) -> Contract:
        """The bundle's."""
        return self.bundle.contract

    def settings_of(self, kind: str, section: type[Settings]) -> Settings:
        """The settings of an option's kind, in the option's own section."""
        found = self.settings[kind]
        assert isinstance(found, section)  # noqa: S101 - for mypy: the kind itself read it
        return found
