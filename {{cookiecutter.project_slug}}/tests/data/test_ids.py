"""Of rows that have one id, one stays; the others are counted and set aside."""

from dataclasses import replace

import pytest

from {{ cookiecutter.__package }}.errors import DataError
from {{ cookiecutter.__package }}.storage import read_pointer

from .conftest import Shop, changed, orders, with_rules


# of rows 1, 2, 61 and 62, which have one id and of which 1 and 62 break a rule, the one that stays
@pytest.mark.parametrize(("keep", "stays"), [("first", 2), ("last", 61)])
def test_of_rows_with_one_id_the_first_or_last_that_breaks_no_rule_stays(
    place: Shop, keep: str, stays: int
) -> None:
    rows = changed(1, order="o-1", channel="fax")
    rows += [rows[1] | {"city": "Nice"}, rows[1] | {"city": "Metz", "price": "-1"}]
    place.write([*rows, rows[1] | {"city": "Toul", "returned": ""}])
    settled = replace(place, settings={"keep": keep})
    found = [row["_source_row"] for row in settled.rows() if row["order"] == "o-1"]
    assert found == [stays]
    counts = settled.run().manifest["rows"]
    assert (counts["duplicates"], counts["rejected"], counts["unlabelled"]) == (1, 2, 1)
    (other,) = [row for row in place.quarantined("contract") if "another" in row["_reasons"]]
    assert (other["_source_row"], other["_reasons"]) == (63 - stays, "order: another row has it")


def test_rows_with_one_id_fail_the_run_where_the_contract_says_so(place: Shop) -> None:
    place.write([*orders(), orders()[3] | {"price": "7"}])
    strict = with_rules(place, order={"on_violation": {"unique": "fail"}})
    with pytest.raises(DataError, match=r"1 rows have a 'order' .* unique is fail"):
        strict.run()
    assert read_pointer(place.datasets / "current") is None
