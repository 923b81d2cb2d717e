"""The task, the labels and the positive value, by the target's values."""

from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.errors import DataError

from .conftest import Project, column, doubted, some, source, text_of


def adopted(project: Project, cells: list[str], **options: Any) -> Any:
    path = project.root / "t.csv"
    numbers = [f"{n * 37 % 101}.5" for n in range(len(cells))]
    path.write_text(text_of({"x": numbers, "y": cells}))
    return project.adopt(path, "y", dry_run=True, **options)


@pytest.mark.parametrize(
    ("cells", "kind", "positive"),
    [
        (some("yes", "no"), "boolean", True),
        (some("True", "False"), "boolean", True),
        (some("0", "1"), "integer", 1),
        (some("-1", "1"), "integer", 1),
        (some("2", "2", "4"), "integer", 4),
        (some(" >50K", " <=50K"), "category", ">50K"),
        (some("churned", "stayed"), "category", "churned"),
        (some("benign", "malignant"), "category", "malignant"),
        (some("no default", "default", "default"), "category", "default"),
        (some("e", "p", "e"), "category", "p"),
    ],
)
def test_two_values_are_binary_and_the_positive_one_is_named(
    project: Project, cells: list[str], kind: str, positive: object
) -> None:
    draft = adopted(project, cells)
    found = draft.contract
    assert (found.task, column(draft, "y").type, found.positive) == ("binary", kind, positive)


def test_a_positive_value_by_its_rarity_is_doubtful(project: Project) -> None:
    assert doubted(adopted(project, some("e", "p", "e")), "'p' of `y`", "rarer")
    draft = adopted(project, some("e", "p", "e"), positive="e")
    assert (draft.contract.positive, doubted(draft, "rarer")) == ("e", False)


@pytest.mark.parametrize(
    ("cells", "labels"),
    [
        (some("low", "mid", "high"), ("high", "low", "mid")),
        (some("3", "10", "4"), ("3", "4", "10")),
        (some("None", "Apnea", "Insomnia"), ("Apnea", "Insomnia", "None")),
    ],
)
def test_a_few_values_are_labels_in_their_order(
    project: Project, cells: list[str], labels: tuple[str, ...]
) -> None:
    draft = adopted(project, cells)
    assert (draft.contract.task, draft.contract.labels) == ("multiclass", labels)


@pytest.mark.parametrize("cells", [[f"{n}.5" for n in range(300)], [str(n) for n in range(300)]])
def test_many_numbers_are_a_regression(project: Project, cells: list[str]) -> None:
    assert adopted(project, cells).contract.task == "regression"


def test_a_few_numbers_may_be_an_amount(project: Project) -> None:
    draft = adopted(project, some("3", "4", "5"), task="regression")
    assert (draft.contract.task, column(draft, "y").type) == ("regression", "integer")


def test_rows_without_a_target_are_unlabelled(project: Project) -> None:
    draft = adopted(project, some("low", "high", "NA", ""))
    assert (draft.contract.task, draft.contract.labels) == ("binary", ("high", "low"))
    assert source(draft.contract).missing == ("", "NA")
    assert doubted(draft, "rows have no `y`")


@pytest.mark.parametrize(
    ("cells", "options", "words"),
    [
        (["a"] * 50, {}, "always 'a'"),
        ([""] * 50, {}, "no value"),
        ([f"t{n}" for n in range(300)], {}, "300 different texts"),
        (some("a", "b", "c"), {"task": "binary"}, "3 values"),
        (some("a", "b", "c"), {"task": "regression"}, "no numbers"),
        (some("a", "b"), {"positive": "z"}, "no row has 'z'; the values are 'a' and 'b'"),
        (some("a", "b", "c"), {"positive": "a"}, "--positive"),
    ],
)
def test_a_target_that_fits_no_task_is_refused(
    project: Project, cells: list[str], options: dict[str, Any], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        adopted(project, cells, **options)


def test_a_column_that_is_not_there_is_told_from_those_that_are(project: Project) -> None:
    path = project.root / "t.csv"
    path.write_text("churned,x\n" + "1,2\n0,3\n" * 20)
    with pytest.raises(DataError, match="did you mean 'churned'"):
        project.adopt(path, "chured")


def test_names_in_the_second_line_are_seen(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(",X1,Y\nID,LIMIT,default\n" + "1,5,0\n2,6,1\n" * 20)
    with pytest.raises(DataError, match="second line"):
        project.adopt(path, "default")
