"""Whether test rows were learned from, by the rows' hashes."""

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.training.evidence import (
    digest,
    hashes_of,
    overlap,
)
from {{ cookiecutter.__package }}.training.rows import Rows

from ..conftest import shop_of
from ..models.conftest import part_of


def shared(contract: Contract, learned: Rows, test: Rows) -> tuple[int, int]:
    found = overlap(contract, [learned], test)
    assert found.rows == len(test)
    return found.shared, found.expected


def test_rows_of_other_ids_are_none_of_those_learned(shop: Contract, shop_rows: Rows) -> None:
    learned, test = shop_rows[np.arange(400)], shop_rows[np.arange(400, 600)]
    assert shared(shop, learned, test) == (0, 0)
    assert shared(shop, shop_rows[np.arange(450)], test) == (50, 0)


def test_a_row_is_known_by_its_id_whatever_else_changed(shop: Contract, shop_rows: Rows) -> None:
    prices = shop_rows.table["price"].slice(1).combine_chunks()
    at = shop_rows.table.schema.names.index("price")
    changed = shop_rows.table.slice(0, 599).set_column(at, "price", prices)
    rows = shop_rows[np.arange(599)]
    moved = Rows(table=changed, inputs=rows.inputs, labels=rows.labels)
    assert shared(shop, shop_rows, moved) == (599, 0)


def test_rows_that_look_alike_anyway_accuse_nobody(shop_rows: Rows) -> None:
    """Two columns of few values and no id: nearly every row has a twin."""
    contract = part_of(shop_of("binary", id=None), "channel", "gift")
    learned, test = shop_rows[np.arange(400)], shop_rows[np.arange(400, 600)]
    found, expected = shared(contract, learned, test)
    assert 150 < found <= expected


def test_the_digest_is_of_the_rows_in_whatever_order(shop: Contract, shop_rows: Rows) -> None:
    one = digest(hashes_of(shop, [shop_rows]))
    assert digest(hashes_of(shop, [shop_rows[np.arange(600)[::-1]]])) == one
    assert digest(hashes_of(shop, [shop_rows[np.arange(599)]])) != one


@pytest.mark.parametrize("part", [0, 600])
def test_no_rows_share_nothing(shop: Contract, shop_rows: Rows, part: int) -> None:
    none, some = shop_rows[np.arange(0)], shop_rows[np.arange(part)]
    assert shared(shop, none, some) == (0, 0)
