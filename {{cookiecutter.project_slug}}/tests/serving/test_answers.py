"""What a row is answered: as offline, by the contract's task, in the documented shape."""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import open_bundle
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.serving.answers import (
    Predicted,
    answer_columns,
    answer_model,
    answer_rows,
)
from {{ cookiecutter.__package }}.serving.predictor import (
    Predictor,
    make_predictor,
)

from ..conftest import TASKS, Workspace, shop_of
from ..synthesized import synthesize
from .live import add_version


def predictor_of(folder: Path, contract: Contract, **how: Any) -> Predictor:
    version = add_version(folder, contract, **how)
    return make_predictor(open_bundle(folder / contract.name / version.bundle), 1, 100)


@pytest.fixture(scope="module")
def predictors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Predictor]:
    """Of each task."""
    return {task: predictor_of(tmp_path_factory.mktemp(task), shop_of(task)) for task in TASKS}


@pytest.mark.parametrize("task", TASKS)
def test_rows_and_tables_are_answered_alike(predictors: dict[str, Predictor], task: str) -> None:
    predictor, table = predictors[task], synthesize(shop_of(task), 100, seed=7)
    offline = predictor.bundle.predict(from_table(predictor.bundle.contract, table))
    rows = table.to_pylist()
    assert predictor.predict(rows).outputs.tolist() == offline.tolist()
    alone = [predictor.predict([row]).outputs.tolist()[0] for row in rows]
    assert alone == offline.tolist()
    assert len(np.unique(offline, axis=0)) > 50


def test_the_trained_model_answers_rows_and_tables_alike(workspace: Workspace) -> None:
    predictor = make_predictor(workspace.bundle, 1, 100)
    table = synthesize(workspace.contract, 100, seed=7)
    offline = predictor.bundle.predict(from_table(workspace.contract, table))
    assert predictor.predict(table.to_pylist()).outputs == pytest.approx(offline, abs=1e-7)


def test_what_is_left_out_is_missing_and_a_moment_is_one_in_any_zone(
    predictors: dict[str, Predictor], row: dict[str, Any]
) -> None:
    predict = predictors["binary"].predict
    given = {**row, "at": datetime.fromisoformat(row["at"])}
    part = {name: value for name, value in given.items() if name not in {"city", "gift"}}
    nulls = {**given, "city": None, "gift": None}
    assert predict([part]).outputs[0] == predict([nulls]).outputs[0]
    times = ["2024-05-01T10:00:00+02:00", "2024-05-01T08:00:00Z", "2024-05-01T03:00:00-05:00"]
    moments = [{**row, "at": datetime.fromisoformat(time)} for time in times]
    assert len(set(predict(moments).outputs.tolist())) == 1
    assert np.isfinite(predict([{**given, "price": 1e300}]).outputs).all()


def predicted(predictor: Predictor, *rows: dict[str, Any], outputs: Any = None) -> Predicted:
    """Rows with outputs of a test's own."""
    found = predictor.predict(rows or ({},) * len(outputs))
    given = found.outputs if outputs is None else np.array(outputs, np.float32)
    return Predicted(
        bundle=found.bundle, known=found.known if rows else {}, inputs=found.inputs, outputs=given
    )


def test_an_answer_is_a_decision_with_its_probability_or_a_value(
    predictors: dict[str, Predictor],
) -> None:
    binary = answer_columns(predicted(predictors["binary"], outputs=[0.25, 0.5]))
    assert binary == {"probability": [0.25, 0.5], "decision": [False, True]}
    each = [[0.25, 0.5, 0.25], [0.75, 0.25, 0.0]]
    labels = predicted(predictors["multiclass"], outputs=each)
    assert answer_rows(answer_columns(labels, probabilities=True)) == [
        {
            "probability": 0.5,
            "decision": "exchanged",
            "probabilities": {"kept": 0.25, "exchanged": 0.5, "returned": 0.25},
        },
        {
            "probability": 0.75,
            "decision": "kept",
            "probabilities": {"kept": 0.75, "exchanged": 0.25, "returned": 0.0},
        },
    ]
    value = predicted(predictors["regression"], outputs=[0.25])
    assert answer_rows(answer_columns(value)) == [{"value": 0.25}]


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
    table = synthesize(shop_of("binary"), 50)
    predictor = predictor_of(tmp_path, Contract.model_validate(content), table=table)
    columns = answer_columns(predicted(predictor, outputs=[0.25]), probabilities=True)
    assert columns["probabilities"] == {names[0]: [0.75], names[1]: [0.25]}


def test_a_category_that_training_never_had_is_warned_of_in_its_row_alone(
    predictors: dict[str, Predictor], row: dict[str, Any]
) -> None:
    predictor = predictors["binary"]
    seen = next(iter(predictor.known["city"] - {"<missing>"}))
    rows = [
        {**row, "at": datetime.fromisoformat(row["at"]), "city": city}
        for city in (seen, "Atlantis", None)
    ]
    known, strange, missing = answer_rows(answer_columns(predicted(predictor, *rows)))
    assert strange["warnings"] == ["city: no training row has this value"]
    assert "warnings" not in known.keys() | missing.keys()


@pytest.mark.parametrize("task", TASKS)
def test_every_answer_has_the_documented_shape(predictors: dict[str, Predictor], task: str) -> None:
    predictor, contract = predictors[task], shop_of(task)
    rows = [{**row, "city": "Atlantis"} for row in synthesize(contract, 20).to_pylist()]
    columns = answer_columns(predictor.predict(rows), probabilities=task != "regression")
    head = {"model": "shop", "version": 1, "request_id": "a"}
    for predictions, by_column in ((answer_rows(columns), False), (columns, True)):
        answer = {**head, "predictions": predictions}
        model = answer_model(contract, columns=by_column).model_validate(answer)
        assert model.model_dump(exclude_unset=True) == answer


def test_the_smallest_contract_is_served(tmp_path: Path) -> None:
    columns = {"x": {"type": "float"}, "y": {"type": "boolean"}}
    head = {"name": "least", "task": "binary", "target": "y"}
    sources = {"raw": {"csv": "raw.csv"}}
    contract = Contract.model_validate({**head, "sources": sources, "columns": columns})
    predictor = predictor_of(tmp_path, contract)
    assert predictor.predict([{"x": 0.0}]).outputs.tolist() == [0.5]
