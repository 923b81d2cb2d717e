from typing import Any

import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.training.card import (
    MOST_COLUMNS,
    NO_INTENDED_USE,
    write_card,
)

from ..conftest import Workspace, shop_of
from ..models.conftest import part_of
from .records import metadata_of, record_of

SPLITS = {
    "train": {"rows": 12_345, "positive_rate": 0.25},
    "test": {"rows": 10, "positive_rate": 0.5},
}


def card_of(contract: Contract, splits: Any = SPLITS, **changes: Any) -> str:
    record = record_of(contract) | changes
    return write_card(contract, metadata_of(contract), record, splits)


def test_the_card_says_what_is_predicted_from_what_and_how_well(shop: Contract) -> None:
    card, record = card_of(shop), record_of(shop)
    assert card.startswith("# shop\n")
    auc, channel = record["metrics"]["model"]["auc"], record["slices"][0]
    for fact in (
        "`returned` is `true`",
        "from 0.3750, where F1 on validation rows is highest.",
        "`at`, `price`, `items`, `channel`, `city`, `gift`",
        "Europe/Paris",
        "- `refund`: known only afterwards",
        "| train | 12,345 (25.0% positive) |",
        "90% intervals from a bootstrap over 60 days",
        f"| model | {auc['value']:.3f} [{auc['low']:.3f}, {auc['high']:.3f}] |",
        f"| {channel['column']} | {channel['value']} | {channel['rows']} |",
        "| `at` | 0.100 [0.0500, 0.200] |",
        "- Kind: mlp",
        "- Dataset: d4t4",
        "- Git commit: abc123 with uncommitted changes",
        "- Seed: 7",
        "- Size: 1,234 parameters, 0.06 MB",
        "- Libraries: torch 2.13.0, numpy 2.4.0",
    ):
        assert fact in card


TASK_FACTS = {
    "multiclass": [
        "which `returned` is likeliest, of `kept`, `exchanged`, `returned`.",
        "| AUC | log loss | accuracy |",
        "| train | 12 (50% kept) |",
    ],
    "regression": [
        "the value of `returned`, in EUR.",
        "| R² | RMSE | MAE |",
        "| train | 12 (mean 98.5) |",
    ],
}
SUMMARIES: dict[str, dict[str, Any]] = {
    "multiclass": {"shares": {"kept": 0.5, "exchanged": 0.3, "returned": 0.2}},
    "regression": {"mean": 98.5},
}


@pytest.mark.parametrize("name", TASK_FACTS)
def test_the_card_speaks_of_the_task(name: str) -> None:
    card = card_of(shop_of(name), {"train": {"rows": 12, **SUMMARIES[name]}})
    assert [fact for fact in TASK_FACTS[name] if fact not in card] == []
    assert "threshold" not in card
    assert "positive" not in card


def test_a_contract_without_time_or_exclusions_says_neither(shop: Contract) -> None:
    card = card_of(part_of(shop, "price"), slices=[])
    assert "Left out" not in card
    assert "counted in" not in card
    assert "no value has enough rows" in card


def test_the_intended_use_is_the_owners_or_asked_for(shop: Contract) -> None:
    assert NO_INTENDED_USE in card_of(shop)
    metadata = metadata_of(shop) | {"settings": {"intended_use": "Only to plan returns."}}
    card = write_card(shop, metadata, record_of(shop), SPLITS)
    assert "## Intended use\n\nOnly to plan returns.\n" in card
    assert NO_INTENDED_USE not in card


def test_a_value_with_a_bar_or_a_line_break_does_not_break_the_table(shop: Contract) -> None:
    record = record_of(shop, value="a|b\nc")
    card = write_card(shop, metadata_of(shop), record, SPLITS)
    assert "| channel | a\\|b c | 600 |" in card


def test_of_many_columns_the_first_are_shown(shop: Contract) -> None:
    many = {f"column {k}": {"value": 1 / k, "low": 0.0, "high": 1.0} for k in range(1, 100)}
    card = card_of(shop, importance=many)
    assert f"| column, the first {MOST_COLUMNS} | AUC lost |" in card
    assert f"`column {MOST_COLUMNS}`" in card
    assert f"`column {MOST_COLUMNS + 1}`" not in card


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
