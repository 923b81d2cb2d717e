"""The task, the labels and the positive value, by the target's values."""

import random
from typing import Any

import pytest

from {{ cookiecutter.__package }}.adopt.propose import Proposal
from {{ cookiecutter.__package }}.errors import ConfigError, DataError

from .conftest import Cells, Project, doubted, rows_of, some, source
from .forms import number_with_markers, number_written, word


def adopted(project: Project, cells: Cells, **options: Any) -> Proposal:
    numbers = [f"{n * 37 % 101}.5" for n in range(len(cells))]
    return project.infer({"x": numbers, "y": cells}, **options)


@pytest.mark.parametrize(
    ("cells", "kind", "positive", "sure"),
    [
        (some("yes", "no"), "boolean", True, True),
        (some("0", "1"), "integer", 1, True),
        (some("-1", "1"), "integer", 1, True),
        (some("1", "2", "2"), "integer", 1, False),
        (some(" >50K", " <=50K", " <=50K"), "category", ">50K", False),
    ],
)
def test_two_values_are_binary_and_a_positive_one_by_its_rarity_is_doubtful(
    project: Project, cells: Cells, kind: str, positive: object, sure: bool
) -> None:
    found = adopted(project, cells)
    contract = found.contract
    said = (contract.task, contract.columns["y"].type, contract.positive)
    assert said == ("binary", kind, positive)
    assert doubted(found, "`y` is positive where", "rarer") is not sure


NUMBERS = [str(n) for n in range(300)]


@pytest.mark.parametrize(
    ("cells", "options", "task", "labels"),
    [
        (some("low", "mid", "high"), {}, "multiclass", ("high", "low", "mid")),
        (some("None", "Apnea", "Snore"), {}, "binary", ("Apnea", "Snore")),
        (some("None", "A", "B", "C"), {}, "multiclass", ("A", "B", "C", "None")),
        (NUMBERS, {}, "regression", None),
        (some("3", "4", "5"), {"task": "regression"}, "regression", None),
    ],
)
def test_a_few_values_are_labels_and_many_numbers_a_regression(
    project: Project, cells: Cells, options: dict[str, Any], task: str, labels: tuple[str, ...]
) -> None:
    contract = adopted(project, cells, **options).contract
    assert (contract.task, contract.labels) == (task, labels)


@pytest.mark.parametrize("seed", range(30))
def test_a_target_that_people_wrote_is_what_they_meant(project: Project, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - no secret
    texts, meant = (number_written, number_with_markers)[seed % 2](draw)
    found = adopted(project, texts)
    assert found.contract.task == "regression"
    values = rows_of(found.contract)["y"].to_list()
    wrong = [text for text, a, b in zip(texts, values, meant, strict=True) if a != pytest.approx(b)]
    assert not wrong or doubted(found, "`y`", repr(wrong[0]))
    assert (None in values) == doubted(found, "`y` has no label in")


@pytest.mark.parametrize("seed", range(30))
def test_an_odd_row_does_not_decide_the_task(project: Project, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - no secret
    pair = draw.choice([("0", "1"), ("yes", "no"), (word(draw), word(draw)), ("1", "2")])
    odd = draw.choice(["312", "Total", "[-]", "y", "99", word(draw), "#REF!", f"{pair[0]}x"])
    cells = [draw.choice(pair) for _ in range(300)]
    cells[draw.randrange(300)] = odd
    found = adopted(project, cells)
    assert found.contract.task == "binary" or doubted(found, "`y`", repr(odd))
    if odd not in {"yes", "no", "y"}:
        assert (found.contract.task, doubted(found, "`y`", repr(odd))) == ("binary", True)


@pytest.mark.parametrize("seed", range(30))
def test_labels_that_differ_by_little_are_doubted(project: Project, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - no secret
    words = draw.choice([[">50K", "<=50K"], [word(draw) for _ in range(3)]])
    change = draw.choice([f"{words[0]}.", words[0].upper(), f"{words[0]} .", f"{words[0]}!"])
    change = change if change != words[0] else f"{words[0]}."
    found = adopted(project, [draw.choice([*words, change]) for _ in range(300)])
    assert doubted(found, "`y`", "differ by case", repr(words[0]), repr(change))


def test_rows_without_a_target_are_unlabelled(project: Project) -> None:
    found = adopted(project, some("low", "high", "NA", ""))
    assert (found.contract.task, found.contract.labels) == ("binary", ("high", "low"))
    assert source(found.contract).missing_by_column == {"y": ("", "NA")}
    assert doubted(found, "no label in")


@pytest.mark.parametrize(
    ("cells", "options", "words"),
    [
        (["a"] * 50, {}, "1 different values, such as 'a'"),
        ([f"t{n}" for n in range(300)], {}, "300 different values"),
        (some("a", "b", "c"), {"task": "binary"}, "3 different values"),
        (some("a", "b", "c"), {"task": "regression"}, "must be float or integer"),
        ([f"2024-01-{n % 28 + 1:02}" for n in range(300)], {}, "must be float or integer"),
    ],
)
def test_a_target_that_fits_no_task_is_refused(
    project: Project, cells: Cells, options: dict[str, Any], words: str
) -> None:
    with pytest.raises((DataError, ConfigError), match=words):
        adopted(project, cells, **options)
