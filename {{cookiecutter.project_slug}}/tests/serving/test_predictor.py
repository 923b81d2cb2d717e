from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.synthesize import synthesize
from {{ cookiecutter.__package }}.models.arrow import from_table
from {{ cookiecutter.__package }}.models.bundle import open_bundle
from {{ cookiecutter.__package }}.serving.predictor import (
    Predictor,
    make_predictor,
)

from ..conftest import Workspace
from .live import add_version


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Predictor:
    folder = tmp_path_factory.mktemp("bundles")
    version = add_version(folder, shop)
    return make_predictor(open_bundle(folder / shop.name / version.bundle), 1, 100)


def test_rows_and_tables_are_answered_alike(predictor: Predictor, shop: Contract) -> None:
    table = synthesize(shop, 200, seed=7)
    offline = predictor.bundle.predict(from_table(shop, table))
    assert predictor.predict(table.to_pylist()).tolist() == offline.tolist()
    assert len(set(offline.tolist())) > 100


def test_the_trained_model_answers_rows_and_tables_alike(workspace: Workspace) -> None:
    predictor = make_predictor(workspace.bundle, 1, 100)
    table = synthesize(workspace.contract, 100, seed=7)
    offline = predictor.bundle.predict(from_table(workspace.contract, table))
    assert predictor.predict(table.to_pylist()) == pytest.approx(offline, abs=1e-7)


def test_one_row_is_answered_as_among_many(predictor: Predictor, shop: Contract) -> None:
    rows = synthesize(shop, 20).to_pylist()
    alone = [predictor.predict([row])[0] for row in rows]
    assert alone == predictor.predict(rows).tolist()


def test_what_is_left_out_is_missing(predictor: Predictor, row: dict[str, Any]) -> None:
    given = {**row, "at": datetime.fromisoformat(row["at"])}
    part = {name: value for name, value in given.items() if name not in {"city", "gift"}}
    nulls = {**given, "city": None, "gift": None}
    assert predictor.predict([part])[0] == predictor.predict([nulls])[0]
    assert predictor.predict([given])[0] != predictor.predict([nulls])[0]


def test_the_same_moment_in_another_zone_is_the_same_row(
    predictor: Predictor, row: dict[str, Any]
) -> None:
    times = ["2024-05-01T10:00:00+02:00", "2024-05-01T08:00:00Z", "2024-05-01T03:00:00-05:00"]
    answers = predictor.predict([{**row, "at": datetime.fromisoformat(time)} for time in times])
    assert len(set(answers.tolist())) == 1


def test_a_number_beyond_float32_is_answered(predictor: Predictor, row: dict[str, Any]) -> None:
    given = {**row, "at": datetime.fromisoformat(row["at"]), "price": 1e300}
    assert np.isfinite(predictor.predict([given])).all()


def test_what_a_request_holds_is_logged_and_nothing_else(
    predictor: Predictor, shop: Contract
) -> None:
    assert set(predictor.logged) == set(shop.request)


def test_the_smallest_contract_is_served(tmp_path: Path) -> None:
    contract = Contract.model_validate(
        {
            "name": "least",
            "task": "binary",
            "target": "y",
            "sources": {"raw": {"csv": "raw.csv"}},
            "columns": {"x": {"type": "float"}, "y": {"type": "boolean"}},
        }
    )
    table = pa.table({"x": [0.0, 1000.0], "y": [True, False]})
    version = add_version(tmp_path, contract, table=table)
    predictor = make_predictor(open_bundle(tmp_path / "least" / version.bundle), 1, 10)
    assert predictor.predict([{"x": 0.0}]).tolist() == [0.5]
