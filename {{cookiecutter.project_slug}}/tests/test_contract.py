"""What a contract says, and what a wrong one is told."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from {{ cookiecutter.__package }}.contract import Contract, load_contract
from {{ cookiecutter.__package }}.errors import ConfigError

from .conftest import SHOP

Values = dict[str, Any]


def changed(path: str, value: object) -> Values:
    """The shop's contract with one key set, or taken out if ``value`` is ``...``."""
    values: Values = yaml.safe_load(SHOP)
    *parents, key = path.split("/")
    target = values
    for parent in parents:
        target = target[parent]
    if value is ...:
        del target[key]
    else:
        target[key] = value
    return values


def written(folder: Path, values: Values) -> Path:
    path = folder / "contract.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    return path


def refused(folder: Path, path: str, value: object, words: list[str]) -> None:
    """A contract with this key is told to be wrong in these words."""
    with pytest.raises(ConfigError) as caught:
        load_contract(written(folder, changed(path, value)))
    message = str(caught.value)
    assert "contract.yaml" in message
    assert [word for word in words if word not in message] == []
    keys = [line.strip().split(": ")[0] for line in message.splitlines()[1:]]
    assert [key for key in keys if "[" in key.replace("[key]", "")] == []  # pydantic's own words


# the key that is set, to what → what the message says
WRONG: list[tuple[str, object, list[str]]] = [
    ("target", ..., ["target", "required"]),
    ("target", "sold", ["target: 'sold' is not one of columns: order, at, price"]),
    ("target", "at", ["target: 'at' must be boolean or category or integer"]),
    ("time", "name", ["time: 'name' must be timestamp"]),
    ("time", "when", ["time: 'when' is not one of columns"]),
    ("target", "retuned", ["target: 'retuned'", "did you mean 'returned'?"]),
    ("positive", "yes", ["positive: 'yes'", "'returned'", "boolean"]),
    ("columns/returned/type", "integer", ["positive: True", "'returned'", "integer"]),
    ("columns/returned/role", "excluded", ["columns.returned.role", "its role is target"]),
    ("task", "ranking", ["task", "'binary'", "given 'ranking'"]),
    ("name", "../shop", ["name", "given '../shop'"]),
    ("timezone", "Paris", ["timezone", "'Paris' is not an IANA time zone", "Europe/Paris"]),
    ("timezon", "UTC", ["timezon:", "no such key", "did you mean 'timezone'?"]),
    ("columns/price/type", "money", ["columns.price.type", "'float'", "given 'money'"]),
    ("columns/price/minimum", 2000, ["columns.price", "minimum 2000 is above maximum 1000"]),
    ("columns/price/minimum", float("nan"), ["columns.price.minimum", "finite"]),
    ("columns/price/min", 3, ["columns.price.min:", "no such key; did you mean 'minimum'?"]),
    ("columns/city/minimum", 3, ["columns.city", "for integer and float, not category"]),
    ("columns/price/allowed", ["1"], ["columns.price", "allowed is for category, not float"]),
    ("columns/price/role", "target", ["columns.price.role", "given 'target'"]),
    ("columns/_source_row", {"type": "integer"}, ["columns", "'_source_row'", "rename"]),
    ("columns/_Reasons", {"type": "string"}, ["columns", "'_Reasons'", "rename"]),
    ("sources", {}, ["sources: name at least one"]),
    ("columns/price/on_violation", "null", ["columns.price.on_violation", "reject", "fail"]),
    ("columns/price/on_violation", "drop", ["columns.price.on_violation", "given 'drop'"]),
    ("columns/price/on_violation", {"minimum": "fail"}, ["columns.price.on_violation"]),
    ("columns/price", {"type": "float", "leaks": True, "role": "feature"}, ["no feature"]),
    ("columns/at/leaks", True, ["columns.at", "leaks"]),
    ("labels", ["yes", "no"], ["labels:", "'returned' is boolean", "leave labels out"]),
]


@pytest.mark.parametrize(("path", "value", "words"), WRONG, ids=[f"{p}={v}" for p, v, _ in WRONG])
def test_a_wrong_contract_is_told_by_key_and_remedy(
    tmp_path: Path, path: str, value: object, words: list[str]
) -> None:
    refused(tmp_path, path, value, words)


def test_a_contract_without_features_is_told(tmp_path: Path) -> None:
    values = changed("columns", {"order": {"type": "string"}, "returned": {"type": "boolean"}})
    with pytest.raises(ConfigError, match="none is a feature"):
        load_contract(written(tmp_path, values | {"time": None}))


def test_roles_are_what_the_head_says_or_follow_from_the_type(shop: Contract) -> None:
    roles = {name: shop.role(name) for name in shop.columns}
    assert roles == {
        "order": "id",
        "at": "time",
        "price": "feature",
        "items": "feature",
        "channel": "feature",
        "city": "feature",
        "gift": "feature",
        "name": "metadata",
        "refund": "excluded",
        "returned": "target",
    }


def test_views_are_derived_from_roles_and_types(shop: Contract) -> None:
    assert shop.features == ("at", "price", "items", "channel", "city", "gift")
    assert shop.numeric == ("price", "items", "gift")
    assert shop.category == ("channel", "city")
    assert shop.times == ("at",)
    assert shop.request == ("order", "at", "price", "items", "channel", "city", "gift")
    assert shop.slices == ("channel",)
    assert shop.zone.key == "Europe/Paris"


def test_every_column_has_one_place_in_any_contract(contract: Contract) -> None:
    grouped = [*contract.numeric, *contract.category, *contract.times]
    assert sorted(grouped) == sorted(contract.features)
    assert contract.target not in contract.request
    assert set(contract.features) <= set(contract.request)


@pytest.mark.parametrize(
    ("allowed", "canonical"),
    [(["1.0", "2"], ("1", "2")), (["True", "false"], ("true", "false")), ([" web "], ("web",))],
)
def test_allowed_values_are_compared_in_their_canonical_form(
    allowed: list[str], canonical: tuple[str, ...]
) -> None:
    contract = Contract.model_validate(changed("columns/channel/allowed", allowed))
    assert contract.columns["channel"].allowed == canonical


def test_the_text_of_a_contract_gives_it_back(contract: Contract, shop: Contract) -> None:
    for one in (contract, shop):
        again = Contract.model_validate_json(one.text)
        assert (again, again.hash, again.text) == (one, one.hash, one.text)


def test_the_order_of_columns_is_part_of_a_contract(shop: Contract) -> None:
    values = json.loads(shop.text)
    values["columns"] = dict(reversed(values["columns"].items()))
    assert Contract.model_validate(values).hash != shop.hash


def test_zero_has_one_text() -> None:
    signed = Contract.model_validate(changed("columns/price/minimum", -0.0))
    assert signed.hash == Contract.model_validate(changed("columns/price/minimum", 0.0)).hash


@pytest.mark.parametrize("name", ["city", "returned"])
def test_a_personal_column_can_be_neither_feature_nor_target(shop: Contract, name: str) -> None:
    content = shop.model_dump()
    content["columns"][name]["pii"] = True

    with pytest.raises(ValidationError, match=f"columns.{name}.pii.*never leave the ETL"):
        Contract.model_validate(content)


@pytest.mark.parametrize(
    ("positive", "allowed", "valid"),
    [("1.0", None, "1"), ("maybe", ["yes", "no"], "yes, no"), (" yes", None, "yes")],
)
def test_the_positive_value_is_one_that_rows_have(
    shop: Contract, positive: str, allowed: list[str] | None, valid: str
) -> None:
    content = shop.model_dump() | {"positive": positive}
    content["columns"]["returned"] |= {"type": "category", "allowed": allowed}

    with pytest.raises(ValidationError, match=f"positive: no row has .*; valid are {valid}"):
        Contract.model_validate(content)


def test_what_leaks_is_excluded() -> None:
    contract = Contract.model_validate(changed("columns/price/leaks", True))
    assert contract.role("price") == "excluded"
    assert "price" not in {*contract.features, *contract.request}
    said = changed("columns/price", {"type": "float", "leaks": True, "role": "excluded"})
    assert Contract.model_validate(said).features == contract.features


def test_labels_are_the_two_values_of_a_category() -> None:
    values = changed("columns/returned/type", "category") | {"positive": "1"}
    contract = Contract.model_validate(values | {"labels": ["1.0", " 0 "]})
    assert contract.labels == ("1", "0")
    for labels, message in [
        (["0", "2"], "positive: no row has '1'; valid are 0, 2"),
        (["0", "1", "2"], "labels: a binary task has two, not 3"),
        (["1", "1.0"], "labels: a value is listed twice"),
    ]:
        with pytest.raises(ValidationError, match=message):
            Contract.model_validate(values | {"labels": labels})
    values["columns"]["returned"]["allowed"] = ["0", "1"]
    with pytest.raises(ValidationError, match="take allowed out of the column"):
        Contract.model_validate(values | {"labels": ["0", "1"]})


def test_metadata_travels_to_no_request(shop: Contract) -> None:
    values = changed("columns/city/role", "metadata")
    contract = Contract.model_validate(values)
    assert {contract.role("city"), contract.role("name")} == {"metadata"}
    assert not {"city", "name"} & {*contract.request, *contract.features}
    assert "city" in shop.request
