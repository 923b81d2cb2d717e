from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.training.card import write_card
from {{ cookiecutter.__package }}.training.evaluate import (
    Evaluation,
    Slice,
    evaluate,
)

from ..conftest import Workspace, shop_of
from ..models.conftest import part_of

METADATA: dict[str, Any] = {
    "threshold": 0.375,
    "dataset": "d4t4",
    "contract": "c0ffee" * 8,
    "git": {"commit": "abc123", "dirty": True},
    "seed": 7,
    "libraries": {"torch": "2.13.0", "numpy": "2.4.0"},
}
SPLITS = {
    "train": {"rows": 12_345, "positive_rate": 0.25},
    "test": {"rows": 10, "positive_rate": 0.5},
}


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    labels = np.array([0.0, 1.0] * 30)
    model = np.where(labels == 1, 0.7, 0.2)
    predictions = {"model": model, "linear": np.full(60, 0.5), "dummy": np.full(60, 0.5)}
    block = np.arange(60) // 10
    task = task_of(shop_of("binary"))
    return evaluate(task, labels, predictions, block, resamples=100, confidence=0.9, seed=0)


def slice_of(value: str) -> Slice:
    return Slice(
        column="channel",
        value=value,
        rows=1234,
        metrics={"auc": 0.75, "log_loss": 0.5, "brier": 0.2},
        observed=0.25,
        predicted=0.26,
    )


def test_the_card_says_what_is_predicted_from_what_and_how_well(
    shop: Contract, evaluation: Evaluation
) -> None:
    card = write_card(shop, METADATA, evaluation, [slice_of("web")], SPLITS)
    assert card.startswith("# shop\n")
    for fact in (
        "`returned` is `True`",
        "from 0.3750",
        "`at`, `price`, `items`, `channel`, `city`, `gift`",
        "Europe/Paris",
        "- `refund`: known only afterwards",
        "| train | 12,345 (25.0% positive) |",
        "90% intervals from a bootstrap over 6 days",
        "| model | 1.0000 [1.0000, 1.0000] |",
        "| channel | web | 1,234 | 0.750 | 0.500 | 0.25 | 0.26 |",
        "Git commit `abc123` with uncommitted changes, seed 7; torch 2.13.0, numpy 2.4.0.",
    ):
        assert fact in card


TASK_FACTS = {
    "multiclass": [
        "which `returned` is likeliest, of `kept`, `exchanged`, `returned`.",
        "| AUC | log loss | accuracy |",
        "| train | 12 (50% kept) |",
        "| channel | web | 1,234 | 1.000 | 0.357 | – | – |",
    ],
    "regression": [
        "the value of `returned`, in EUR.",
        "| R² | RMSE | MAE |",
        "| train | 12 (mean 98.5) |",
        "| channel | web | 1,234 | 0.625 | 0.500 | 1 | 1.5 |",
    ],
}
SUMMARIES: dict[str, dict[str, Any]] = {
    "multiclass": {"shares": {"kept": 0.5, "exchanged": 0.3, "returned": 0.2}},
    "regression": {"mean": 98.5},
}


@pytest.mark.parametrize("name", TASK_FACTS)
def test_the_card_speaks_of_the_task(name: str) -> None:
    contract = shop_of(name)
    task = task_of(contract)
    labels = np.arange(60, dtype=np.float64) % 3
    outputs = np.eye(3)[labels.astype(int)] * 0.55 + 0.15 if name == "multiclass" else labels + 0.5
    dummy = task.constant(labels, 60)
    predictions = {"model": outputs, "linear": dummy, "dummy": dummy}
    made = evaluate(
        task, labels, predictions, np.arange(60) // 10, resamples=100, confidence=0.9, seed=0
    )
    scalar = outputs.ndim == 1
    part = Slice(
        column="channel",
        value="web",
        rows=1234,
        metrics=task.scores(labels, outputs).all(),
        observed=float(labels.mean()) if scalar else None,
        predicted=float(outputs.mean()) if scalar else None,
    )
    splits = {"train": {"rows": 12, **SUMMARIES[name]}}
    card = write_card(contract, {**METADATA, "threshold": None}, made, [part], splits)
    assert [fact for fact in TASK_FACTS[name] if fact not in card] == []
    assert "threshold" not in card
    assert "positive" not in card


def test_a_contract_without_time_or_exclusions_says_neither(
    shop: Contract, evaluation: Evaluation
) -> None:
    metadata = {**METADATA, "git": {"commit": None, "dirty": False}}
    card = write_card(part_of(shop, "price"), metadata, evaluation, [], SPLITS)
    assert "Left out" not in card
    assert "over 6 rows" in card
    assert "no value has enough rows" in card
    assert "No git commit, seed 7" in card


def test_a_value_with_a_bar_does_not_break_the_table(
    shop: Contract, evaluation: Evaluation
) -> None:
    card = write_card(shop, METADATA, evaluation, [slice_of("a|b")], SPLITS)
    assert "| channel | a\\|b | 1,234 |" in card


def test_every_table_row_has_as_many_cells_as_its_header(workspace: Workspace) -> None:
    lines = (workspace.bundle.path / "card.md").read_text().splitlines()
    tables: list[list[int]] = [[]]
    for line in lines:
        if line.startswith("|"):
            tables[-1].append(line.replace("\\|", "").count("|"))
        elif tables[-1]:
            tables.append([])
    found = [cells for cells in tables if cells]
    assert len(found) >= 2
    assert all(len(set(cells)) == 1 for cells in found)
