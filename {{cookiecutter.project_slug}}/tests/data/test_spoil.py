import pyarrow.compute as pc

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.data.spoil import spoiled
from {{ cookiecutter.__package }}.data.validate import check, conform


def test_every_rule_of_the_contract_is_broken_by_rows_of_its_own(shop: Contract) -> None:
    found = [(name, rule) for name, rule, _ in spoiled(shop, 10)]
    assert found == [
        ("order", "missing"),
        ("order", "unique"),
        ("at", "missing"),
        ("price", "missing"),
        ("price", "minimum"),
        ("price", "maximum"),
        ("items", "missing"),
        ("items", "minimum"),
        ("channel", "missing"),
        ("channel", "allowed"),
    ]


def test_spoiled_rows_are_rejected_for_that_rule_alone(shop: Contract, contract: Contract) -> None:
    for given in (shop, contract):
        for name, rule, rows in spoiled(given, 10):
            if rule == "unique":
                assert len(pc.unique(rows[name])) == 1
                continue
            checked = check(conform(rows, given), given)
            assert checked.rejected is not None
            reasons = set(checked.rejected.to_pylist())
            assert len(reasons) == 1
            (reason,) = reasons
            assert reason.startswith(f"{name}: ")
            assert rule in reason or reason.endswith("allowed values")
