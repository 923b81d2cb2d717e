from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import open_bundle
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.serving.answers import (
    columns_type,
    prediction_type,
)
from {{ cookiecutter.__package }}.serving.predictor import (
    Predictor,
    make_predictor,
)

from ..conftest import TASKS, Workspace, shop_of
from ..synthesized import synthesize
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


def test_no_personal_column_can_be_sent_so_none_is_logged(shop: Contract) -> None:
    assert any(column.pii for column in shop.columns.values())
    assert not any(shop.columns[name].pii for name in shop.request)


def test_columns_are_answered_as_rows_are(predictor: Predictor, shop: Contract) -> None:
    table = synthesize(shop, 200, seed=7).select(list(shop.request))
    assert predictor.predict_columns(table.to_pydict()).tolist() == (
        predictor.predict(table.to_pylist()).tolist()
    )
    part = {name: values for name, values in table.to_pydict().items() if name != "city"}
    missing = table.to_pydict() | {"city": [None] * 200}
    assert predictor.predict_columns(part).tolist() == predictor.predict_columns(missing).tolist()


@pytest.fixture(scope="module")
def predictors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Predictor]:
    """Of each task."""
    made = {}
    for task in TASKS:
        folder, contract = tmp_path_factory.mktemp(task), shop_of(task)
        version = add_version(folder, contract)
        made[task] = make_predictor(open_bundle(folder / "shop" / version.bundle), 1, 100)
    return made


@pytest.mark.parametrize("task", TASKS)
def test_rows_and_tables_of_each_task_are_answered_alike(
    predictors: dict[str, Predictor], task: str
) -> None:
    predictor = predictors[task]
    table = synthesize(shop_of(task), 100, seed=7)
    offline = predictor.bundle.predict(from_table(predictor.bundle.contract, table))
    online = predictor.predict(table.to_pylist())
    assert online.tolist() == offline.tolist()
    assert len(np.unique(offline, axis=0)) > 50


def test_a_multiclass_answer_is_the_likeliest_label_and_all_on_request(
    predictors: dict[str, Predictor],
) -> None:
    predictor = predictors["multiclass"]
    outputs = np.array([[0.25, 0.5, 0.25], [0.75, 0.25, 0.0]], np.float32)
    told = [
        {"probability": 0.5, "decision": "exchanged"},
        {"probability": 0.75, "decision": "kept"},
    ]
    each = [
        {"kept": 0.25, "exchanged": 0.5, "returned": 0.25},
        {"kept": 0.75, "exchanged": 0.25, "returned": 0.0},
    ]
    assert predictor.answers(outputs) == told
    assert predictor.answers(outputs, probabilities=True) == [
        {**answer, "probabilities": probabilities}
        for answer, probabilities in zip(told, each, strict=True)
    ]


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, ["false", "true"]),
        ({"positive": False}, ["true", "false"]),
        ({"type": "category", "labels": ["yes", "no"], "positive": "no"}, ["yes", "no"]),
        ({"type": "category", "allowed": ["a", "b", "c"], "positive": "b"}, ["not b", "b"]),
        ({"type": "integer", "positive": 3}, ["not 3", "3"]),
    ],
)
def test_both_values_of_a_binary_target_are_named(
    tmp_path: Path, changes: dict[str, Any], names: list[str]
) -> None:
    content = shop_of("binary").model_dump()
    target = {key: changes[key] for key in ("type", "allowed") if key in changes}
    content["columns"][content["target"]] |= target
    content |= {key: changes[key] for key in ("positive", "labels") if key in changes}
    contract = Contract.model_validate(content)
    version = add_version(tmp_path, contract, table=synthesize(shop_of("binary"), 50))
    predictor = make_predictor(open_bundle(tmp_path / "shop" / version.bundle), 1, 10)
    outputs = np.array([0.25], np.float32)
    (answer,) = predictor.answers(outputs, probabilities=True)
    assert list(answer["probabilities"].items()) == [(names[0], 0.75), (names[1], 0.25)]
    columns = predictor.columns_of(outputs, probabilities=True)
    assert columns["probabilities"] == {names[0]: [0.75], names[1]: [0.25]}


def test_other_answers_are_a_decision_with_its_probability_or_a_value(
    predictors: dict[str, Predictor],
) -> None:
    outputs = np.array([0.25, 0.5], np.float32)
    assert predictors["binary"].answers(outputs) == [
        {"probability": 0.25, "decision": False},
        {"probability": 0.5, "decision": True},
    ]
    assert predictors["regression"].answers(outputs) == [{"value": 0.25}, {"value": 0.5}]


@pytest.mark.parametrize("task", TASKS)
def test_every_answer_has_the_documented_shape(predictors: dict[str, Predictor], task: str) -> None:
    predictor = predictors[task]
    outputs = predictor.predict(synthesize(shop_of(task), 20).to_pylist())
    contract = predictor.bundle.contract
    for wanted in (False, task != "regression"):
        for answer in predictor.answers(outputs, probabilities=wanted):
            model = prediction_type(contract).model_validate(answer)
            assert model.model_dump(exclude_unset=True) == answer
        columns = predictor.columns_of(outputs, probabilities=wanted)
        shape = columns_type(contract).model_validate(columns)
        assert shape.model_dump(exclude_unset=True) == columns


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
