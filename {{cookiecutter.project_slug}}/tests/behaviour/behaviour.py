"""A trained model as its callers meet it: rows in, answers out, through the bundle's own graph."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from {{ cookiecutter.__package }}.config import Config, load
from {{ cookiecutter.__package }}.contract import Contract, load_contract
from {{ cookiecutter.__package }}.data.dataset import Dataset
from {{ cookiecutter.__package }}.models.bundle import Bundle, open_bundle
from {{ cookiecutter.__package }}.models.inputs import from_columns
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
        for name, column in self.contract.columns.items():
            if column.type == "timestamp" and name in table.schema.names:
                index = table.schema.get_field_index(name)
                local = table.column(name).cast(pa.timestamp("us", self.contract.timezone))
                table = table.set_column(index, name, local)
        found: list[Row] = table.take(
            list(range(0, len(table), 1 + len(table) // MOST_ROWS))
        ).to_pylist()
        return found

    def score(self, rows: Sequence[Row] | None = None, /, **changes: Any) -> Answers:
        """Probabilities of the positive value or values ``[rows]``; ``[rows, labels]`` of several.

        Each of ``changes`` names a column, and gives its new value or a function of the old one.
        What a row does not have is missing.
        """
        given = self.rows if rows is None else rows
        unknown = sorted({*changes} - {*self.contract.features})
        if unknown:
            known = ", ".join(self.contract.features)
            raise ValueError(f"{', '.join(unknown)}: no feature of the model; those are {known}")
        columns: dict[str, list[Any]] = {}
        for name in self.contract.features:
            values = [row.get(name) for row in given]
            if name in changes:
                change = changes[name]
                values = [change(value) if callable(change) else change for value in values]
            columns[name] = values
        return self.bundle.predict(from_columns(self.contract, columns, len(given)))

    def quality(self, rows: Sequence[Row] | None = None) -> float:
        """The deciding metric on rows with their target: AUC, or R² of a regression."""
        task, given = self.bundle.task, self.rows if rows is None else rows
        labels = task.encode([row[self.contract.target] for row in given])
        return dict(task.scores(labels, self.score(given)).all())[task.main]


def find_model(configs: Path, version: str = "") -> Model:
    """A version by number or alias, ``champion`` or ``challenger``; the newest if none is named.

    Raises:
        LookupError: nothing was trained yet, or the rows that it was tested on are gone.
    """
    settings = load(configs)
    contract = load_contract(configs / "contract.yaml")
    versions = Versions(settings.train.bundles, contract.name)
    every = versions.all()
    if not every:
        raise LookupError(
            f"no version of {contract.name} in '{versions.folder}' yet; run: make data train"
        )
    chosen = versions.find(version) if version else every[-1]
    bundle = open_bundle(versions.folder / chosen.bundle)
    return Model(bundle=bundle, dataset=_dataset(settings, bundle))


def _dataset(settings: Config, bundle: Bundle) -> Dataset:
    path = (settings.data.directory / "datasets" / bundle.metadata["dataset"]).resolve()
    if not path.is_dir():
        raise LookupError(
            f"'{path}', which the model was trained on, is not there; run: make data train"
        )
    return Dataset(path=path)
