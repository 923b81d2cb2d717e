"""The card says what a person must know, for each task."""

from typing import Any

import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.training.card import NO_INTENDED_USE, write_card

from ..conftest import shop_of
from ..models.conftest import part_of
from .records import metadata_of, record_of

SPLITS = {
    "train": {"rows": 12_345, "positive_rate": 0.25},
    "test": {"rows": 10, "positive_rate": 0.5},
}


def card_of(contract: Contract, splits: Any = SPLITS, **changes: Any) -> str:
    return write_card(contract, metadata_of(contract), record_of(contract) | changes, splits)


def test_the_card_says_what_is_predicted_from_what_and_how_well(shop: Contract) -> None:
    card, record = card_of(shop), record_of(shop)
    assert card.startswith("# shop\n")
    auc, channel = record["metrics"]["model"]["auc"], record["slices"][0]
    for text in (
        "the probability that returned is true",
        "from 0.3750, where F1 on validation rows is highest.",
        f"## Intended use\n\n{NO_INTENDED_USE}\n",
        "`at`, `price`, `items`, `channel`, `city`, `gift`. Days and hours are counted in Europe/Paris.",
        "- `refund`: known only afterwards",
        "| train | 12,345 (25.0% positive) |",
        "90% intervals from a bootstrap over 60 days",
        f"| model | {auc['value']:.3f} [{auc['low']:.3f}, {auc['high']:.3f}] |",
        f"| {channel['column']} | {channel['value']} | {channel['rows']} |",
        "- Kind: mlp",
        "- Dataset: d4t4",
        "- Git commit: abc123 with uncommitted changes",
        "- Size: 0.06 MB",
        "- Libraries: torch 2.13.0, numpy 2.4.0",
    ):
        assert text in card


TASKS: dict[str, list[str]] = {
    "multiclass": ["the probability of each returned: kept, exchanged, returned.", "| accuracy |"],
    "regression": ["the value of returned, in EUR.", "| | R² | RMSE | MAE |"],
}


@pytest.mark.parametrize("name", TASKS)
def test_the_card_speaks_of_the_task(name: str) -> None:
    card = card_of(shop_of(name), {"train": {"rows": 12, "mean": 98.5}})
    assert [text for text in TASKS[name] if text not in card] == []
    assert "| train | 12 (mean 98.5) |" in card
    assert "positive" not in card


def test_a_contract_without_time_or_exclusions_says_neither(shop: Contract) -> None:
    card = card_of(part_of(shop, "price"), slices=[])
    assert [text for text in ("Left out", "counted in") if text in card] == []
    assert "no value has enough rows" in card


def test_a_value_with_a_bar_or_a_line_break_does_not_break_the_table(shop: Contract) -> None:
    metadata = metadata_of(shop) | {"settings": {"intended_use": "Only to plan returns."}}
    card = write_card(shop, metadata, record_of(shop, value="a|b\nc"), SPLITS)
    assert "## Intended use\n\nOnly to plan returns.\n" in card
    assert "| channel | a\\|b c | 600 |" in card
    tables = [part.splitlines() for part in card.split("\n\n") if part.startswith("|")]
    cells = [{line.replace("\\|", "").count("|") for line in lines} for lines in tables]
    assert len(cells) == 3
    assert all(len(widths) == 1 for widths in cells)
