"""What the log's files look like from outside, while others work on them."""

from datetime import date
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.log.segments import (
    PREDICTIONS,
    Segment,
    listed,
)
from {{ cookiecutter.__package }}.monitoring import index
from {{ cookiecutter.__package }}.monitoring.index import marks


@pytest.mark.parametrize("gone", ["deleted", "renamed"])
def test_a_file_that_goes_while_they_are_looked_at_is_not_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    for day in ("2024-05-01", "2024-05-02"):
        (tmp_path / f"predictions-{day}-9.jsonl").write_text("{}\n")
    listings: list[list[Segment]] = []

    def list_and_lose(folder: Path, stem: str) -> list[Segment]:
        found = listed(folder, stem)
        if not listings and gone == "deleted":
            found[1].path.unlink()
        elif not listings:
            found[1].path.rename(tmp_path / "predictions-2024-05-02-9-abcd.closed.jsonl")
        listings.append(found)
        return found

    monkeypatch.setattr(index, "listed", list_and_lose)
    found = marks(tmp_path, PREDICTIONS)
    left = [date(2024, 5, 1), date(2024, 5, 2)][: 1 if gone == "deleted" else 2]
    assert list(found) == left
    assert len(listings) == 2
    assert marks(tmp_path, PREDICTIONS) == found
