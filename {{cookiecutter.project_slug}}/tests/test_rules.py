"""Each rule of a column holds on a table as in a request, and is said to people."""

import json
from typing import Any

import polars as pl
import pytest
from pydantic import TypeAdapter, ValidationError

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.validate import (
    any_of,
    reasons_of,
    violations,
)
from {{ cookiecutter.__package }}.rules import RULES, descriptions, rules_of
from {{ cookiecutter.__package }}.serving.schemas import row_type
from {{ cookiecutter.__package }}.values import json_value

from .conftest import TASKS, shop_of
from .synthesized import synthesize

CASES = [
    (task, name, rule.name)
    for task in TASKS
    for name in (shop_of(task).columns if task == "binary" else [shop_of(task).target])
    for rule, _ in rules_of(shop_of(task), name)
]


def rows_of(contract: Contract, count: int = 50) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(synthesize(contract, count)))


def wrong(contract: Contract, rows: pl.DataFrame, *, online: bool = False) -> list[str | None]:
    found = violations(contract, rows.columns, online=online)
    bad = rows.select(bad=any_of(found), why=reasons_of(found))
    return [why if is_bad else None for is_bad, why in bad.rows()]


@pytest.mark.parametrize(("task", "name", "rule"), CASES)
def test_a_value_that_breaks_a_rule_breaks_it_alone_on_a_table_and_in_a_request(
    task: str, name: str, rule: str
) -> None:
    contract = shop_of(task)
    good = rows_of(contract)
    value = next(r.breaking(bound) for r, bound in rules_of(contract, name) if r.name == rule)
    bad = good.with_columns(pl.lit(value, good[name].dtype).alias(name))
    assert set(wrong(contract, good)) == {None}
    (reason,) = set(wrong(contract, bad))
    assert str(reason).startswith(f"{name}: ")
    assert ";" not in str(reason)

    def sent(rows: pl.DataFrame) -> str:
        row = {key: json_value(rows[key][0]) for key in contract.request}
        return json.dumps({key: value for key, value in row.items() if value is not None})

    adapter: TypeAdapter[Any] = TypeAdapter(row_type(contract))
    adapter.validate_json(sent(good))
    if name in contract.request and name != contract.id:
        with pytest.raises(ValidationError):
            adapter.validate_json(sent(bad))


def test_every_rule_is_tried_and_said() -> None:
    assert {rule for _, _, rule in CASES} == {rule.name for rule in RULES}
    shop = shop_of("binary")
    assert descriptions(shop, "price") == ["from 0", "to 1000", "EUR"]
    assert descriptions(shop, "channel") == ["one of web, store"]
    assert descriptions(shop, "city") == ["may be missing"]


def test_rows_are_checked_as_the_server_does() -> None:
    values = json.loads(shop_of("binary").text)
    values["columns"]["at"]["nullable"] = True
    contract = Contract.model_validate(values)
    rows = rows_of(contract).with_columns(at=pl.lit(None, pl.Datetime("us", "UTC")))
    assert set(wrong(contract, rows)) == {"at: missing"}
    assert set(wrong(contract, rows, online=True)) == {None}
