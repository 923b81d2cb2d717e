"""Of any table: what is inferred accepts the table, and is read back as it was written."""

import csv
import io
import string
import tempfile
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import strategies as st

from {{ cookiecutter.__package }}.contract import Contract, load_contract
from {{ cookiecutter.__package }}.data.adopt import job
from {{ cookiecutter.__package }}.data.adopt.draft import drafted
from {{ cookiecutter.__package }}.data.adopt.look import look, opened_table
from {{ cookiecutter.__package }}.data.adopt.roles import Ask, zone_of
from {{ cookiecutter.__package }}.data.adopt.text import contract_text
from {{ cookiecutter.__package }}.data.sources import open_source
from {{ cookiecutter.__package }}.data.validate import check
from {{ cookiecutter.__package }}.errors import DataError

WORDS = st.text(alphabet=string.printable[:95] + "äß日€", max_size=12)
NAMES = st.text(min_size=1, max_size=12).filter(
    lambda name: name.strip(" \t\r\n\0")
    and not name.startswith("_")
    and not set(name) & set("\0\r\n")
)
CELLS = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(str),
    st.floats(allow_nan=True).map(repr),
    st.datetimes().map(str),
    st.sampled_from(["", " ", "NA", "?", "-", "yes", "no", "0", "1", "007", "1,5", "31/12/2020"]),
    WORDS,
)
KINDS = [
    st.integers(0, 9).map(str),
    CELLS,
    WORDS,
    st.dates().map("{:%d.%m.%Y}".format),
    st.datetimes().map("{:%m/%d/%Y %I:%M:%S %p}".format),
]


@st.composite
def tables(draw: Any) -> tuple[list[str], list[list[str]]]:
    """A header that ends with ``y``, and rows whose columns are of one kind, or of any."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=str.casefold))
    names = [name for name in names if name.casefold() != "y"] or ["x"]
    n_rows = draw(st.integers(40, 60))
    kinds = [draw(st.sampled_from(KINDS)) for _ in names]
    columns = [draw(st.lists(kind, min_size=n_rows, max_size=n_rows)) for kind in kinds]
    columns.append([("no", "yes")[n % 2] for n in range(n_rows)])
    return [*names, "y"], [list(row) for row in zip(*columns, strict=True)]


def inferred(path: Path) -> Contract | None:
    """``None`` where no column can be a feature."""
    ask = Ask(path=str(path), target="y")
    with opened_table(job.source_of(ask), path, "t") as opened:
        found = look(opened, zone_of(ask))
    try:
        return drafted(ask, found).contract
    except DataError as error:
        if "no column is left" not in str(error):
            raise
        return None


@hypothesis.given(tables())
@hypothesis.settings(deadline=None, max_examples=12)
def test_what_is_inferred_accepts_its_table_and_survives_yaml(
    made: tuple[list[str], list[list[str]]],
) -> None:
    header, rows = made
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([header, *rows])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(text.getvalue().encode())
        contract = inferred(path)
        hypothesis.assume(contract is not None)
        assert contract is not None
        config = Path(folder) / "contract.yaml"
        config.write_bytes(contract_text(contract, ["a\nb \x07"]).encode())
        assert load_contract(config) == contract
        (name,) = contract.sources
        for chunk in open_source(contract, name, [path]).chunks(path):
            assert chunk.broken == []
            typed = chunk.rows.select(list(contract.columns))
            assert check(typed, contract).rejected is None
