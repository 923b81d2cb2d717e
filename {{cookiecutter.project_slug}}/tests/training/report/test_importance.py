from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import open_session, run
from {{ cookiecutter.__package }}.models.inputs import Inputs
from {{ cookiecutter.__package }}.models.intervals import (
    Bootstrap,
)
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.training.report import importance as module
from {{ cookiecutter.__package }}.training.report.importance import (
    importance,
)
from {{ cookiecutter.__package }}.training.rows import Rows

from ...models.conftest import constant_graph, exported_of
from ...synthesized import synthesize


def bootstrap(rows: Rows) -> Bootstrap:
    block = np.arange(len(rows.labels)) // 4
    return Bootstrap(block=block, unit="rows", resamples=100, confidence=0.9, seed=0)


def rows_of(task: str, n_rows: int = 400) -> Rows:
    """Labels that the random graph of the shop follows."""
    exported = exported_of(task)
    table = synthesize(exported.contract, 400).slice(0, n_rows)
    inputs = from_table(exported.contract, table)
    outputs = run(exported.session, inputs)
    if task == "multiclass":
        labels = outputs.argmax(1).astype(np.float64)
    else:
        labels = outputs.astype(np.float64)
        labels = (labels > np.median(labels)).astype(np.float64) if task == "binary" else labels
    return Rows(table=table, inputs=inputs, labels=labels)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_what_the_model_goes_by_is_lost_without_it(task: str) -> None:
    exported, rows = exported_of(task), rows_of(task)
    found = importance(exported.session, exported.task, rows, bootstrap(rows), budget=4_000)
    assert set(found) == set(exported.contract.features)
    losses = [interval.value for interval in found.values()]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > 0.05
    assert all(
        one.low <= one.value + 0.05 and one.value - 0.05 <= one.high for one in found.values()
    )


def test_a_model_that_goes_by_nothing_loses_nothing(shop: Contract) -> None:
    rows, session = rows_of("binary"), open_session(constant_graph(shop, 0.25))
    found = importance(session, task_of(shop), rows, bootstrap(rows), budget=4_000)
    assert {(one.low, one.value, one.high) for one in found.values()} == {(0.0, 0.0, 0.0)}


def test_the_same_seed_gives_the_same_figures_and_rows_stay_as_they_were() -> None:
    exported, rows = exported_of("binary"), rows_of("binary")
    before = rows.inputs.numeric.copy(), rows.inputs.category.copy(), rows.inputs.time.copy()
    first, second = (
        importance(exported.session, exported.task, rows, bootstrap(rows), budget=2_000)
        for _ in range(2)
    )
    assert first == second
    np.testing.assert_array_equal(rows.inputs.numeric, before[0])
    np.testing.assert_array_equal(rows.inputs.category, before[1])
    np.testing.assert_array_equal(rows.inputs.time, before[2])


@pytest.mark.parametrize(
    ("rows", "budget", "most"),
    [(400, 1, 200), (400, 7 * 300, 300), (30, 400_000, 30 * module.MOST_SHUFFLES)],
    ids=["never too few", "some of many", "few several times"],
)
def test_the_budget_decides_how_many_rows_are_answered(
    rows: int, budget: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported, given, asked = exported_of("binary"), rows_of("binary", rows), list[int]()

    def counted(session: Any, inputs: Inputs) -> Any:
        asked.append(len(inputs))
        return run(session, inputs)

    monkeypatch.setattr(module, "run", counted)
    importance(exported.session, exported.task, given, bootstrap(given), budget=budget)
    assert max(asked) == most
    assert len(asked) == len(exported.contract.features) + 1
