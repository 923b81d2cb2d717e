"""What is usual answers where the model fails or is late, marked as such, if that is wanted."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.models import bundle

from ..conftest import LABELS
from ..monitoring.reading import served_in
from .conftest import Serving, serve_config
from .live import add_version, live, records
from .problems import problem_of

USUAL: dict[str, dict[str, Any]] = {
    "binary": {"probability": 0.25, "decision": False},
    "multiclass": {"probability": 0.5, "decision": LABELS[1]},
    "regression": {"value": 7.5},
}


@pytest.fixture
def falling(tmp_path: Path, any_shop: Contract) -> Iterator[Serving]:
    """A server with a fallback, for each of the tasks."""
    config = serve_config(tmp_path, fallback="prior", deadline_s=1.0)
    add_version(config.bundles, any_shop)
    with live(config) as client:
        yield Serving(client=client, config=config)


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A graph of which no answer is a number."""

    monkeypatch.setattr(bundle, "run", lambda _, inputs: np.full(len(inputs), np.nan))


def both(client: httpx.Client, row: dict[str, Any], n_rows: int = 2) -> tuple[Any, Any]:
    """Rows and the same as columns, asked for."""
    columns = {name: [value] * n_rows for name, value in row.items()}
    by_rows = client.post("/predict", json={"rows": [row] * n_rows})
    return by_rows, client.post("/predict/columns", json={"columns": columns})


def test_where_the_model_fails_what_is_usual_answers_and_says_so(
    falling: Serving, any_shop: Contract, row: dict[str, Any], broken: None
) -> None:
    usual = USUAL[any_shop.task]
    by_rows, by_columns = both(falling.client, row)
    assert (by_rows.status_code, by_columns.status_code) == (200, 200)
    assert by_rows.json()["predictions"] == [usual] * 2
    assert by_columns.json()["predictions"] == {name: [told] * 2 for name, told in usual.items()}
    assert by_rows.json()["fallback"] is by_columns.json()["fallback"] is True
    assert "fallback_answers_total 2.0" in falling.client.get("/metrics").text
    logged = records(falling.config.log)
    assert [record["fallback"] for record in logged] == [True] * 4


def test_monitoring_does_not_judge_the_model_by_it(
    falling: Serving, any_shop: Contract, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(bundle, "run", lambda _, inputs: np.full(len(inputs), np.nan))
        both(falling.client, row)
    with pytest.raises(DataError, match="no predictions by shop version 1"):
        served_in(falling.config.log, any_shop, 1)
    answer = falling.client.post("/predict", json={"rows": [row]}).json()
    assert "fallback" not in answer
    assert len(served_in(falling.config.log, any_shop, 1)) == 1


def test_where_the_model_is_late_what_is_usual_answers_in_time(
    falling: Serving, any_shop: Contract, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = bundle.run

    def slowly(*given: Any) -> Any:
        time.sleep(2)
        return run(*given)

    monkeypatch.setattr(bundle, "run", slowly)
    columns = {name: [value] for name, value in row.items()}
    answer = falling.client.post("/predict/columns", json={"columns": columns})
    assert answer.status_code == 200
    assert answer.json()["fallback"] is True
    assert answer.elapsed.total_seconds() < 1.9


def test_unless_it_is_wanted_a_failure_is_one(
    serving: Serving, row: dict[str, Any], broken: None
) -> None:
    for answer in both(serving.client, row):
        assert problem_of(answer, 500).code == "model_failed"
