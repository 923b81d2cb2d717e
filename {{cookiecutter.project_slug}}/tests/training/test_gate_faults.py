"""Faults planted into real trainings: each is stopped by its own rule, and by no other."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.split import SPLITS
from {{ cookiecutter.__package }}.training import job

from ..conftest import Workspace, make_workspace, shop_of

CITIES = [f"city {k}" for k in range(12)]
# each exports a graph
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_features")]


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    """Rows of the shop in twelve cities, and a linear model's settings with the gate's defaults."""
    source = json.loads(shop_of("binary").text)
    source["columns"]["city"] = {"type": "category", "allowed": CITIES, "slice": True}
    made = make_workspace(tmp_path / "w", Contract.model_validate(source), train=False)
    path = made.path / "configs" / "train.yaml"
    changes = {"model": {"kind": "linear"}, "gate": {}}
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changes))
    return made


def change(place: Workspace, splits: Sequence[str], edit: Callable[[pa.Table], pa.Table]) -> None:
    for split in splits:
        path = place.path / f"data/datasets/synthetic/{split}.parquet"
        pq.write_table(edit(pq.read_table(path)), path)


def with_column(table: pa.Table, name: str, values: Any) -> pa.Table:
    at = table.schema.names.index(name)
    return table.set_column(at, name, pa.array(values, table.schema.field(name).type))


def leaky(place: Workspace) -> None:
    random = np.random.default_rng(0)

    def edit(table: pa.Table) -> pa.Table:
        returned = np.array(table["returned"].to_pylist(), float)
        prices = 500 + 100 * returned + random.normal(0, 10, len(table))
        return with_column(table, "price", prices)

    change(place, SPLITS, edit)


def labelled_wrongly(place: Workspace) -> None:
    """A shop marked most of its orders as returned; what came since is labelled well."""

    def edit(table: pa.Table) -> pa.Table:
        labels = [
            row["returned"] or (row["city"] == CITIES[3] and number % 5 > 0)
            for number, row in enumerate(table.select(["returned", "city"]).to_pylist())
        ]
        return with_column(table, "returned", labels)

    change(place, SPLITS[:2], edit)


def miscalibrated(place: Workspace) -> None:
    """What trains has five times as many positive rows as what comes."""

    def edit(table: pa.Table) -> pa.Table:
        returned = np.array(table["returned"].to_pylist(), bool)
        keep = returned | (np.random.default_rng(0).random(len(table)) < 0.2)
        return table.filter(pa.array(keep))

    change(place, SPLITS[:2], edit)


def learned_from_test_rows(place: Workspace) -> None:
    test = pq.read_table(place.path / "data/datasets/synthetic/test.parquet")
    change(place, SPLITS[:1], lambda table: pa.concat_tables([table, test.slice(0, 300)]))


FAULTS: dict[str, tuple[Callable[[Workspace], None], str]] = {
    "no leaky feature": (leaky, "'price' alone predicts the target"),
    "no broken slice": (labelled_wrongly, f"city = {CITIES[3]}"),
    "calibrated": (miscalibrated, "mean distance of probabilities"),
    "unseen test rows": (learned_from_test_rows, "unseen test rows: 300, wanted 0"),
}


@pytest.mark.parametrize("rule", FAULTS)
def test_a_planted_fault_is_stopped_by_its_own_rule_and_nothing_serves(
    place: Workspace, capsys: pytest.CaptureFixture[str], rule: str
) -> None:
    plant, says = FAULTS[rule]
    plant(place)
    version = job.run(place.config)
    assert ([broken.name for broken in version.broken], version.passed) == ([rule], False)
    assert says in str(version.broken[0])
    assert place.versions.served() is None
    shown = capsys.readouterr().out
    assert f"no version of shop serves: the gate refused version 1: {rule}" in shown
