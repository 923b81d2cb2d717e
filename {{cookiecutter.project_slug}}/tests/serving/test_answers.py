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


def predictor_of(folder: Path, contract: Contract) -> Predictor:
    version = add_version(folder, contract)
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
    assert [predictor.predict([row]).outputs.tolist()[0] for row in rows] == offline.tolist()
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
    whole = {**row, "at": datetime.fromisoformat(row["at"])}
    part = {name: value for name, value in whole.items() if name not in {"city", "gift"}}
    nulls = {**whole, "city": None, "gift": None}
    assert predict([part]).outputs[0] == predict([nulls]).outputs[0]
    times = ["2024-05-01T10:00:00+02:00", "2024-05-01T08:00:00Z", "2024-05-01T03:00:00-05:00"]
    moments = [{**row, "at": datetime.fromisoformat(time)} for time in times]
    assert len(set(predict(moments).outputs.tolist())) == 1
    assert np.isfinite(predict([{**whole, "price": 1e300}]).outputs).all()


ANSWERS: list[tuple[str, list[Any], list[dict[str, Any]]]] = [
    (
        "binary",
        [0.25, 0.5],
        [{"probability": 0.25, "decision": False}, {"probability": 0.5, "decision": True}],
    ),
    (
        "multiclass",
        [[0.25, 0.5, 0.25]],
        [
            {
                "probability": 0.5,
                "decision": "exchanged",
                "probabilities": {"kept": 0.25, "exchanged": 0.5, "returned": 0.25},
            }
        ],
    ),
    ("regression", [0.25], [{"value": 0.25}]),
]


@pytest.mark.parametrize(("task", "outputs", "answers"), ANSWERS)
def test_an_answer_is_a_decision_with_its_probability_or_a_value(
    predictors: dict[str, Predictor], task: str, outputs: list[Any], answers: list[dict[str, Any]]
) -> None:
    inputs = predictors[task].predict([{}] * len(outputs)).inputs
    bundle, array = predictors[task].bundle, np.array(outputs, np.float32)
    predicted = Predicted(bundle=bundle, known={}, inputs=inputs, outputs=array)
    assert answer_rows(answer_columns(predicted)) == answers


@pytest.mark.parametrize("task", TASKS)
def test_answers_have_the_documented_shape_and_warn_of_a_category_that_training_never_had(
    predictors: dict[str, Predictor], task: str
) -> None:
    predictor, contract = predictors[task], shop_of(task)
    known, strange, missing = synthesize(contract, 3).to_pylist()
    known["city"] = next(iter(predictor.known["city"] - {"<missing>"}))
    strange["city"], missing["city"] = "Atlantis", None
    rows = answer_rows(answer_columns(predictor.predict([known, strange, missing])))
    warnings = [row.get("warnings") for row in rows]
    assert warnings == [None, ["city: no training row has this value"], None]
    answer = {"model": "shop", "version": 1, "request_id": "a", "predictions": rows}
    model = answer_model(contract).model_validate(answer)
    assert model.model_dump(exclude_unset=True) == answer


def test_the_smallest_contract_is_served(tmp_path: Path) -> None:
    columns = {"x": {"type": "float"}, "y": {"type": "boolean"}}
    head = {"name": "least", "task": "binary", "target": "y", "sources": {"raw": {"csv": "a.csv"}}}
    predictor = predictor_of(tmp_path, Contract.model_validate({**head, "columns": columns}))
    assert predictor.predict([{"x": 0.0}]).outputs.tolist() == [0.5]
