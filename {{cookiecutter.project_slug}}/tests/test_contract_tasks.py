"""What a contract says for each task, and what it is told where that does not fit."""

from typing import Any

import pytest
from pydantic import ValidationError

from {{ cookiecutter.__package }}.contract import Contract

from .conftest import LABELS, TASKS, shop_of

Values = dict[str, Any]


def told(task: str, target: Values | None = None, **head: Any) -> str:
    """Why a contract is refused."""
    values = shop_of(task).model_dump(mode="json") | head
    values["columns"]["returned"] |= target or {}
    with pytest.raises(ValidationError) as caught:
        Contract.model_validate(values)
    return str(caught.value)


@pytest.mark.parametrize("task", TASKS)
def test_a_contract_of_each_task_comes_back_from_its_text(task: str) -> None:
    contract = shop_of(task)
    assert contract.task == task
    assert Contract.model_validate_json(contract.text) == contract
    assert "returned" not in contract.request


def test_only_a_binary_task_has_a_positive_value() -> None:
    assert shop_of("binary").positive is True
    assert shop_of("binary", positive=False).positive is False
    for task in ("multiclass", "regression"):
        assert shop_of(task).positive is None
        assert f"positive: a {task} task has none" in told(task, positive=True)


# the task, the target's column, the head → what the message says
WRONG: list[tuple[str, Values, Values, str]] = [
    ("multiclass", {}, {"labels": None}, "labels: list the values of the target"),
    ("multiclass", {}, {"labels": ["kept", " kept "]}, "labels: a value is listed twice"),
    ("multiclass", {"allowed": ["kept"]}, {}, "take allowed out of the column"),
    ("multiclass", {"type": "integer"}, {}, "target: 'returned' must be category"),
    ("regression", {}, {"labels": ["1", "2"]}, "labels: a number has none"),
    ("regression", {"minimum": 300}, {}, "minimum 300 is above maximum 250"),
    ("binary", {"type": "float"}, {}, "target: 'returned' must be boolean or category or integer"),
]


@pytest.mark.parametrize(("task", "target", "head", "message"), WRONG)
def test_what_does_not_fit_the_task_is_told(
    task: str, target: Values, head: Values, message: str
) -> None:
    assert message in told(task, target, **head)


@pytest.mark.parametrize("kind", ["category", "boolean", "string", "timestamp"])
def test_a_regression_predicts_a_number(kind: str) -> None:
    column = {"type": kind, "minimum": None, "maximum": None}
    assert "target: 'returned' must be float or integer" in told("regression", column)


def test_labels_keep_their_order_and_are_canonical() -> None:
    contract = shop_of("multiclass", labels=["b", " a", "1.0", "TRUE"])
    assert contract.labels == ("b", "a", "1", "true")
    assert shop_of("multiclass").labels == LABELS


def test_names_that_differ_only_in_case_are_two_columns() -> None:
    values = shop_of("binary").model_dump(mode="json")
    values["columns"]["PRICE"] = {"type": "category"}
    contract = Contract.model_validate(values)
    assert (contract.columns["price"].type, contract.columns["PRICE"].type) == ("float", "category")
    assert {"price", "PRICE"} <= set(contract.request)
    raw = {"a": "string", "A": "float"}
    values["sources"]["orders"]["columns"] = raw
    assert Contract.model_validate(values).source_columns("orders") == raw
