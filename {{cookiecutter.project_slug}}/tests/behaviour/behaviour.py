"""A trained model as its callers meet it: rows in, answers out, through the bundle's own graph."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from {{ cookiecutter.__package }}.config import load
from {{ cookiecutter.__package }}.contract import Contract, load_contract
from {{ cookiecutter.__package }}.data.dataset import Dataset
from {{ cookiecutter.__package }}.errors import RegistryError
from {{ cookiecutter.__package }}.models.bundle import Bundle, open_bundle
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.models.versions import Versions

Row = Mapping[str, Any]
Answers = npt.NDArray[np.float32]
MOST_ROWS = 2_000


@dataclass(frozen=True, kw_only=True)
class Model:
    """A bundle, and test rows of the dataset that it was trained on."""

    bundle: Bundle
    dataset: Dataset

    @property
    def contract(self) -> Contract:
        """What the model takes and answers."""
        return self.bundle.contract

    @cached_property
    def rows(self) -> list[Row]:
        """Some 2,000 test rows, evenly over all of them; times are local, with their offset."""
        table = self.dataset.read("test")
        table = table.take(list(range(0, len(table), 1 + len(table) // MOST_ROWS)))
        for index, name in enumerate(table.schema.names):
            if pa.types.is_timestamp(table.schema.types[index]):
                local = table[name].cast(pa.timestamp("us", self.contract.timezone))
                table = table.set_column(index, name, local)
        rows: list[Row] = table.to_pylist()
        return rows

    def score(self, rows: Sequence[Row] | None = None, /, **changes: Any) -> Answers:
        """Probabilities of the positive value or values ``[rows]``; ``[rows, labels]`` of several.

        Each of ``changes`` names a column, and gives its new value or a function of the old one.
        What a row does not have is missing.
        """
        rows = self.rows if rows is None else rows
        known = self.contract.features
        if unknown := sorted({*changes} - {*known}):
            names = ", ".join(unknown)
            raise ValueError(f"{names}: no feature of the model; those are {', '.join(known)}")
        columns = {name: [row.get(name) for row in rows] for name in known}
        for name, change in changes.items():
            columns[name] = [change(v) if callable(change) else change for v in columns[name]]
        return self.bundle.predict(from_table(self.contract, pa.table(columns)))

    def quality(self, rows: Sequence[Row] | None = None) -> float:
        """The deciding metric on rows with their target: AUC, or R² of a regression."""
        task, rows = self.bundle.task, self.rows if rows is None else rows
        labels = task.encode([row[self.contract.target] for row in rows])
        return dict(task.scores(labels, self.score(rows)).all())[task.main]


def find_model(configs: Path, version: str = "") -> Model:
    """A version by number, or ``champion``; the newest if none is named.

    Raises:
        RegistryError: nothing was trained yet, or the rows that it was tested on are gone.
    """
    settings, name = load(configs), load_contract(configs / "contract.yaml").name
    versions = Versions(settings.train.bundles, name)
    if not (every := versions.all()):
        raise RegistryError(f"no version of {name} in '{versions.folder}'; run: make data train")
    chosen = versions.find(version) if version else every[-1]
    bundle = open_bundle(versions.folder / chosen.bundle)
    path = (settings.data.directory / "datasets" / bundle.metadata["dataset"]).resolve()
    if not path.is_dir():
        raise RegistryError(f"the model's dataset '{path}' is not there; run: make data train")
    return Model(bundle=bundle, dataset=Dataset(path=path))
