"""What is remembered of the target in each split, whatever the batches."""

from typing import Any

import pyarrow as pa
import pytest

from {{ cookiecutter.__package }}.data.labels import Labels, told
from {{ cookiecutter.__package }}.errors import DataError

from ..conftest import TASKS, shop_of

VALUES: dict[str, dict[str, list[Any]]] = {
    "binary": {"train": [True, False, False, False], "validation": [False], "test": [True, True]},
    "multiclass": {
        "train": ["kept", "returned", "kept", "kept"],
        "validation": ["returned"],
        "test": ["exchanged", "kept"],
    },
    "regression": {"train": [1.5, -2.5, 4.0, 0.0], "validation": [7.0], "test": [3.0, 3.0]},
}
SUMMARIES: dict[str, dict[str, dict[str, Any]]] = {
    "binary": {
        "train": {"rows": 4, "positive_rate": 0.25},
        "validation": {"rows": 1, "positive_rate": 0.0},
        "test": {"rows": 2, "positive_rate": 1.0},
    },
    "multiclass": {
        "train": {"rows": 4, "shares": {"kept": 0.75, "exchanged": 0.0, "returned": 0.25}},
        "validation": {"rows": 1, "shares": {"kept": 0.0, "exchanged": 0.0, "returned": 1.0}},
        "test": {"rows": 2, "shares": {"kept": 0.5, "exchanged": 0.5, "returned": 0.0}},
    },
    "regression": {
        "train": {"rows": 4, "mean": 0.75},
        "validation": {"rows": 1, "mean": 7.0},
        "test": {"rows": 2, "mean": 3.0},
    },
}


def labels_of(task: str, size: int = 10, other: dict[str, list[Any]] | None = None) -> Labels:
    """The labels of a task, some splits having others, in batches of a size."""
    labels = Labels(shop_of(task))
    for split, values in (VALUES[task] | (other or {})).items():
        for start in range(0, max(len(values), 1), size):
            labels.update(split, pa.chunked_array([pa.array(values[start : start + size])]))
    return labels


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("size", [1, 3, 10])
def test_splits_are_summarised_whatever_the_batches(task: str, size: int) -> None:
    labels = labels_of(task, size)
    labels.check()
    assert labels.summary() == SUMMARIES[task]


def test_labels_in_a_dictionary_are_counted_by_their_text() -> None:
    labels = labels_of("multiclass")
    encoded = pa.array(["returned", "kept", "kept"]).dictionary_encode()
    labels.update("test", pa.chunked_array([encoded]))
    assert labels.summary()["test"]["shares"] == {"kept": 0.6, "exchanged": 0.2, "returned": 0.2}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_split_without_rows_is_told(task: str, split: str) -> None:
    labels = labels_of(task, other={split: []})
    assert labels.summary()[split]["rows"] == 0
    with pytest.raises(DataError, match=f"the {split} split has no rows"):
        labels.check()


@pytest.mark.parametrize(
    ("task", "values", "message"),
    [
        ("binary", [False, False], "2 training rows have 'returned' = False, but some with True"),
        ("binary", [True], "1 training rows have 'returned' = True, but some with True"),
        ("multiclass", ["kept"] * 3, "3 .* 'returned' = kept, but two different ones are needed"),
        ("regression", [2.5, 2.5], "'returned' is 2.5 in all training rows"),
    ],
)
def test_training_rows_with_nothing_to_learn_are_told(
    task: str, values: list[Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        labels_of(task, other={"train": values}).check()


@pytest.mark.parametrize(
    ("summary", "words"),
    [
        ({"rows": 1234, "positive_rate": 0.256}, "1,234 (25.6% positive)"),
        ({"rows": 10, "mean": 1234.567}, "10 (mean 1235)"),
        ({"rows": 10, "shares": {"kept": 0.3, "returned": 0.7}}, "10 (70% returned)"),
    ],
)
def test_a_summary_is_told_in_a_few_words(summary: dict[str, Any], words: str) -> None:
    assert told(summary) == words
