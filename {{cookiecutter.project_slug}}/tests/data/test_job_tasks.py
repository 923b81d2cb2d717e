"""Datasets of each task: what of the target is counted, and which splits are refused."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.storage import read_pointer

from ..conftest import shop_of
from .conftest import Shop, orders


def test_training_rows_of_one_class_are_told(place: Shop) -> None:
    place.write([row | {"returned": "no"} for row in orders()])
    message = r"21 training rows have 'returned' = False, but .* True .*data\.split"
    with pytest.raises(DataError, match=message):
        place.run()
    assert read_pointer(place.datasets / "current") is None


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_split_without_rows_is_told(place: Shop, split: str) -> None:
    days = {"validation": ("2024-02-01", "2024-02-02"), "test": ("2024-02-01", "2025-01-01")}
    rows = [row for row in orders() if row["at"][:10] != "2024-02-01"]
    place.write(rows)
    dates = dict(zip(("validation_from", "test_from"), days[split], strict=True))
    with pytest.raises(DataError, match=rf"the {split} split has no rows: change data\.split"):
        replace(place, settings={"split": dates}).run()


def with_target(place: Shop, task: str, texts: Sequence[str]) -> Shop:
    """The shop with another task, whose target has these values in turn."""
    place.write([row | {"returned": texts[n % len(texts)]} for n, row in enumerate(orders())])
    values = json.loads(shop_of(task).text)
    values["sources"] = json.loads(place.contract.text)["sources"]
    return replace(place, contract=Contract.model_validate(values))


def test_labels_of_several_values_are_counted(
    place: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = with_target(place, "multiclass", ["kept", "kept", "returned"])
    dataset = shop.run()
    train = dataset.manifest["splits"]["train"]
    assert train == {
        "rows": 21,
        "shares": {
            "kept": pytest.approx(14 / 21),
            "exchanged": 0,
            "returned": pytest.approx(1 / 3),
        },
    }
    assert dataset.read("train")["returned"].to_pylist()[:3] == ["kept", "kept", "returned"]
    assert "train      21 (67% kept)" in capsys.readouterr().out.splitlines()


def test_a_label_that_is_not_one_is_quarantined(place: Shop) -> None:
    shop = with_target(place, "multiclass", ["kept", "returned", *["kept"] * 17, "lost"])
    dataset = shop.run()
    assert dataset.manifest["rows"]["rejected"] == 3
    (reason,) = {row["_reasons"] for row in place.quarantined("contract")}
    assert reason == "returned: not one of the allowed values"


def test_values_have_a_mean(place: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    shop = with_target(place, "regression", ["10", "20.5", ""])
    dataset = shop.run()
    assert dataset.manifest["rows"]["unlabelled"] == 20
    train = dataset.manifest["splits"]["train"]
    assert train == {"rows": 14, "mean": pytest.approx(15.25)}
    assert "train      14 (mean 15.25)" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("task", "text", "message"),
    [
        ("multiclass", "kept", "have 'returned' = kept, but two different ones are needed"),
        ("regression", "12.50", "have 'returned' = 12.5, but two different ones are needed"),
    ],
)
def test_training_rows_that_are_all_the_same_are_told(
    place: Shop, task: str, text: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        with_target(place, task, [text]).run()
