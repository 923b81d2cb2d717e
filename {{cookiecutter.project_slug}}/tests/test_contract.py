"""What a contract says, and what the message about a wrong one says."""

import json
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
import yaml

from {{ cookiecutter.__package }}.contract import (
    Contract,
    ParquetSource,
    load_contract,
)
from {{ cookiecutter.__package }}.errors import ConfigError

from .conftest import TASKS, shop_of

Values = dict[str, Any]


def changed(path: str, value: object, task: str = "binary") -> Values:
    """The shop's contract with one key set, or taken out if ``value`` is ``...``."""
    values: Values = shop_of(task).model_dump(mode="json")
    *parents, key = path.split("/")
    target = reduce(getitem, parents, values)
    if value is ...:
        del target[key]
    else:
        target[key] = value
    return values


# the key that is set, to what → what the message says
WRONG: list[tuple[str, object, list[str]]] = [
    ("target", ..., ["target", "required"]),
    ("target", "retuned", ["target: 'retuned' is not one of columns: order, at", "'returned'?"]),
    ("target", "at", ["target: 'at' must be boolean or category or integer"]),
    ("positive", "yes", ["positive: 'yes'", "'returned'", "boolean"]),
    ("columns/price/slice", True, ["columns.price", "slice is for category and boolean"]),
    ("sources/orders/delimiter", '"', ["sources.orders:", "must differ; given ['\"', '\"']"]),
    ("columns/returned/pii", True, ["columns.returned.pii", "never leave the ETL"]),
    ("name", "../shop", ["name", "given '../shop'"]),
    ("timezone", "Paris", ["timezone", "'Paris' is not an IANA time zone", "Europe/Paris"]),
    ("timezon", "UTC", ["timezon:", "no such key", "did you mean 'timezone'?"]),
    ("labels", ["yes", "no"], ["labels:", "'returned' is boolean", "leave labels out"]),
    ("columns/price/minimum", 2000, ["columns.price", "minimum 2000 is above maximum 1000"]),
    ("columns/price/min", 3, ["columns.price.min:", "no such key; did you mean 'minimum'?"]),
    ("columns/_source_row", {"type": "integer"}, ["columns", "'_source_row'", "rename"]),
    ("sources/orders/repeats", "count", ["sources.orders.repeats", "'drop' or 'keep'"]),
    ("sources/orders/parquet", "o.parquet", ["sources.orders.csv", "no such key"]),
    ("sources/orders/encoding", "utf-9", ["sources.orders.encoding", "cp1252"]),
    ("sources/orders/numbers", {"price": {"decimal": ",", "thousands": ","}}, ["must differ"]),
    ("sources/orders/formats", {"prise": "%d.%m.%Y"}, ["sources.orders.formats: 'prise' is not"]),
    ("sources/a.b", {"csv": "b.csv"}, ["sources.a.b", "pattern", "given 'a.b'"]),
]
OF_TASKS: list[tuple[str, str, object, list[str]]] = [
    ("multiclass", "labels", None, ["labels: list the values of the target"]),
    ("multiclass", "positive", True, ["positive: a multiclass task has none"]),
    ("multiclass", "columns/returned/allowed", ["kept"], ["take allowed out of the column"]),
    ("regression", "labels", ["1", "2"], ["labels: 'returned' is float", "leave labels out"]),
    ("regression", "columns/returned", {"type": "boolean"}, ["must be float or integer"]),
]


def refused(folder: Path, values: Values, words: list[str]) -> str:
    """A contract is refused in these words; the whole message."""
    (folder / "contract.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    with pytest.raises(ConfigError, match=r"contract\.yaml") as caught:
        load_contract(folder / "contract.yaml")
    message = str(caught.value)
    assert [word for word in words if word not in message] == []
    keys = [line.strip().split(": ")[0] for line in message.splitlines()[1:]]
    assert [key for key in keys if "[" in key or " source" in key] == []  # pydantic's own words
    return message


@pytest.mark.parametrize(
    ("task", "path", "value", "words"), [("binary", *case) for case in WRONG] + OF_TASKS
)
def test_a_wrong_contract_is_reported_by_key_and_remedy(
    tmp_path: Path, task: str, path: str, value: object, words: list[str]
) -> None:
    refused(tmp_path, changed(path, value, task), words)


def test_roles_and_views_follow_from_the_head_and_the_types(shop: Contract) -> None:
    roles = {
        name: shop.role(name) for name in ("order", "at", "price", "name", "refund", "returned")
    }
    assert list(roles.values()) == ["id", "time", "feature", "metadata", "excluded", "target"]
    assert shop.features == ("at", "price", "items", "channel", "city", "gift")
    assert shop.numeric == ("price", "items", "gift")
    assert (shop.category, shop.times, shop.slices) == (("channel", "city"), ("at",), ("channel",))
    assert shop.request == ("order", *shop.features)
    for change in ({"leaks": True, "role": "feature"}, {"role": "metadata"}):
        values = changed("columns/city", {"type": "category", **change})
        assert "city" not in Contract.model_validate(values).request


@pytest.mark.parametrize("task", TASKS)
def test_the_text_of_a_contract_gives_it_back(task: str) -> None:
    contract = shop_of(task)
    again = Contract.model_validate_json(contract.text)
    assert (again, again.hash, again.text) == (contract, contract.hash, contract.text)
    assert contract.positive is (True if task == "binary" else None)
    values = json.loads(contract.text)
    values["columns"] = dict(reversed(values["columns"].items()))
    assert Contract.model_validate(values).hash != contract.hash  # columns have an order


def test_equal_values_have_one_text() -> None:
    allowed = Contract.model_validate(changed("columns/channel/allowed", ["1.0", "True", " web "]))
    assert allowed.columns["channel"].allowed == ("1", "true", "web")
    labels = shop_of("multiclass", labels=["b", " a", "1.0", "TRUE"]).labels
    assert labels == ("b", "a", "1", "true")


def test_the_positive_value_is_one_that_rows_have() -> None:
    values = changed("columns/returned/type", "category")
    assert Contract.model_validate(values | {"positive": "1", "labels": ["1.0", " 0 "]})
    with pytest.raises(ValueError, match=r"no row has '1\.0'; valid are 1"):
        Contract.model_validate(values | {"positive": "1.0"})
    with pytest.raises(ValueError, match="labels: a binary task has two, not 3"):
        Contract.model_validate(values | {"positive": "1", "labels": ["0", "1", "2"]})


def test_a_source_is_of_the_kind_that_its_key_names() -> None:
    raw = {"parquet": "data/raw/*"}
    contract = Contract.model_validate(changed("sources/orders", raw))
    assert type(contract.sources["orders"]) is ParquetSource
    assert [*contract.source_columns("orders")] == [*contract.columns]
    own = changed("sources/orders", raw | {"columns": {"a": "float"}})
    assert Contract.model_validate(own).source_columns("orders") == {"a": "float"}
