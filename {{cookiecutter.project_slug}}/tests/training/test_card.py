from typing import Any

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.training.card import write_card
from {{ cookiecutter.__package }}.training.evaluate import (
    Evaluation,
    Slice,
    evaluate,
)

from ..conftest import Workspace
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
    return evaluate(labels, predictions, block, resamples=100, confidence=0.9, seed=0)


def slice_of(value: str) -> Slice:
    return Slice(
        column="channel",
        value=value,
        rows=1234,
        auc=0.75,
        log_loss=0.5,
        positive_rate=0.25,
        mean_probability=0.26,
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
        "| train | 12,345 | 25.0% |",
        "90% intervals from a bootstrap over 6 days",
        "| model | 1.0000 [1.0000, 1.0000] |",
        "| channel | web | 1,234 | 0.750 | 0.500 | 25.0% | 26.0% |",
        "Git commit `abc123` with uncommitted changes, seed 7; torch 2.13.0, numpy 2.4.0.",
    ):
        assert fact in card


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
