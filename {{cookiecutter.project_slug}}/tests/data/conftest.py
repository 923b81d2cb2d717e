"""A small shop whose orders are written as text and made a dataset of."""

import csv
import io
import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.config import DataConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data import job, transform
from {{ cookiecutter.__package }}.data.dataset import Dataset

Rows = list[dict[str, str]]
SPLIT = {"validation_from": "2024-02-01", "test_from": "2024-03-01"}


@dataclass(frozen=True)
class Shop:
    """A folder with the shop's raw orders, and the command that makes a dataset of them."""

    folder: Path
    contract: Contract
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def csv(self) -> Path:
        return self.folder / "orders.csv"

    @property
    def datasets(self) -> Path:
        return self.folder / "data" / "datasets"

    @property
    def config(self) -> DataConfig:
        values = {"directory": self.folder / "data", "driving": "orders", "split": SPLIT}
        return DataConfig.model_validate(values | self.settings)

    def having(self, **settings: Any) -> "Shop":
        """The shop with other settings."""
        return replace(self, settings=settings)

    def write(self, rows: Rows | str) -> None:
        self.csv.write_text(text_of(rows) if isinstance(rows, list) else rows)

    def run(self) -> Dataset:
        return job.run(self.contract, self.config)

    def quarantined(self, name: str) -> list[dict[str, Any]]:
        """The rows that a source, or ``contract``, put in quarantine in the only run there was."""
        (path,) = (self.folder / "data" / "quarantine").glob(f"*/{name}.parquet")
        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
        return rows

    def rows(self) -> list[dict[str, Any]]:
        """Every row of the dataset, in source order."""
        dataset = self.run()
        parts = [dataset.read(split) for split in ("train", "validation", "test")]
        rows: list[dict[str, Any]] = pa.concat_tables(parts).to_pylist()
        return sorted(rows, key=lambda row: row["_source_row"])


def orders(count: int = 60) -> Rows:
    """Rows that keep every rule, over the three splits, half of them positive."""
    start = datetime(2024, 1, 1, 12)
    return [
        {
            "order": f"o-{number}",
            "at": (start + timedelta(days=90 * number / count)).isoformat(" "),
            "price": f"{number}.5",
            "items": str(1 + number % 3),
            "channel": ("web", "store")[number % 2],
            "city": ("", "Lyon", "Caen")[number % 3],
            "gift": ("true", "false", "")[number % 3],
            "name": f"Person {number}",
            "refund": "",
            "returned": ("yes", "no")[number // 2 % 2],
        }
        for number in range(count)
    ]


def changed(row: int, **cells: str) -> Rows:
    """Good orders but for the cells of one row, counted from 1."""
    rows = orders()
    rows[row - 1] |= cells
    return rows


def text_of(rows: Rows) -> str:
    """The rows as CSV."""
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def identity(sources: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    return sources["orders"]


def with_source(contract: Contract, **changes: Any) -> Contract:
    """The contract with its only source changed."""
    values = json.loads(contract.text)
    (source,) = values["sources"].values()
    source.update(changes)
    return Contract.model_validate(values)


@pytest.fixture
def place(tmp_path: Path, shop: Contract, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The shop with good orders, which become rows as they are."""
    monkeypatch.setattr(transform, "transform", identity)
    made = Shop(folder=tmp_path, contract=with_source(shop, csv=str(tmp_path / "orders.csv")))
    made.write(orders())
    return made
