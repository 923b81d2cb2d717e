"""Each value is read as meant, or a doubt names an example: of every kind of trouble, many forms."""

import random

import pytest

from .conftest import Project, misread, ours, rows_of, text_of
from .forms import KINDS

FORMS = 40


@pytest.mark.parametrize("kind", KINDS)
def test_every_value_is_read_as_meant_or_doubted(project: Project, kind: str) -> None:
    forms = {f"c{n}": KINDS[kind](random.Random(f"{kind} {n}")) for n in range(FORMS)}  # noqa: S311
    columns = ours({name: texts for name, (texts, _) in forms.items()})
    (project.root / "table.csv").write_text(text_of(columns, delimiter="\t"))
    proposal = project.adopt("table.csv", dry_run=True)
    rows = rows_of(proposal.contract)
    assert len(rows) == len(columns["y"])
    wrong = [misread(proposal, rows, name, *form) for name, form in forms.items()]
    assert list(filter(None, wrong)) == []
