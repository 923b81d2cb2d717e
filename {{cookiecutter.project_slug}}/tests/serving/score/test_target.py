"""Where scores go: what is replaced, what is not, and what each file says of itself."""

import json

import pyarrow.parquet as pq
import pytest
from filelock import FileLock

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import (
    BundleError,
    DataError,
    ModelFailedError,
    RegistryError,
)
from {{ cookiecutter.__package }}.models.tasks import Task
from {{ cookiecutter.__package }}.models.versions import Versions
from {{ cookiecutter.__package }}.serving.score.job import run
from {{ cookiecutter.__package }}.serving.score.source import Ask

from .conftest import LINE, Place, rows_of


def test_scores_are_replaced_by_those_of_other_rows_and_not_made_twice_of_the_same(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    path = place.write(LINE)
    place.scored(path)
    before = (place.folder / "scored.parquet").read_bytes()
    assert place.run(path).scored == 1
    assert "before; nothing is to do" in capsys.readouterr().out
    assert (place.folder / "scored.parquet").read_bytes() == before
    place.write(LINE, LINE.replace("o-1", "o-2"))
    assert place.scored(path)["order"].to_pylist() == ["o-1", "o-2"]
    assert place.left == {"rows.csv", "scored.parquet"}


@pytest.mark.parametrize("to", ["scored.parquet", "scored"])
def test_what_is_no_score_is_not_replaced(place: Place, shop: Contract, to: str) -> None:
    path = place.write(LINE)
    pq.write_table(rows_of(shop, 3), place.folder / "mine.parquet")
    with pytest.raises(DataError, match=r"mine.parquet' exists and holds no scores; name another"):
        place.run(path, "mine.parquet")
    (place.folder / "full").mkdir()
    (place.folder / "full" / "notes.txt").touch()
    (place.folder / "dir.parquet").mkdir()
    (place.folder / "file").touch()
    for name, told in (
        *(("full", "full' is not empty"), ("dir.parquet", "exists and holds no scores")),
        ("file", "exists and holds no scores"),
    ):
        with pytest.raises(DataError, match=told):
            place.run(path, name)
    (place.folder / "quarantine").mkdir()
    (place.folder / "quarantine" / "scored.parquet").write_text("mine")
    with pytest.raises(DataError, match=r"quarantine/scored.parquet' exists and holds no scores"):
        place.run(path, to)
    assert to not in place.left


def test_a_folder_of_scores_is_not_replaced_by_others(place: Place) -> None:
    path = place.write(LINE)
    place.scored(path, "scored")
    assert place.run(path, "scored").scored == 1
    place.write(LINE, LINE)
    with pytest.raises(DataError, match="scored' holds scores of other rows or of another model"):
        place.run(path, "scored")
    assert len(place.read("scored")) == 1


def test_the_scores_do_not_go_where_the_rows_are(place: Place, shop: Contract) -> None:
    pq.write_table(rows_of(shop, 3), place.folder / "in.parquet")
    place.write(LINE, name="in/a.csv")
    for where, to in (
        (place.folder / "in", "in/scored"),
        (place.folder / "in", "in/scored.parquet"),
        (f"{place.folder}/i*.parquet", "is.parquet"),
    ):
        with pytest.raises(DataError, match=r"is where .* looks for rows"):
            place.run(where, to)
    with pytest.raises(DataError, match=r"in.parquet' exists and holds no scores"):
        place.run(place.folder / "in.parquet", "in.parquet")
    scores = place.folder / "scored.parquet"
    place.run(place.folder / "in" / "a.csv")
    with pytest.raises(DataError, match=r"scored.parquet' has no column"):
        place.run(scores)
    assert place.scored(f"{place.folder}/i*.parquet", "out.parquet").num_rows == 3


def test_every_file_says_by_which_model_and_run_it_was_made(place: Place) -> None:
    version = Versions(place.config.bundles, "shop").served()
    assert version is not None
    good, bad = LINE, LINE.replace("12.5", "-1")
    path = place.write(good, good, bad)
    place.run(path, "one.parquet")
    place.run(path, "many")
    runs = set()
    for name in (
        *("one.parquet", "many/part-000001.parquet"),
        *("quarantine/one.parquet", "quarantine/many.parquet"),
    ):
        metadata = pq.read_metadata(place.folder / name).metadata
        said = {key: metadata[key.encode()].decode() for key in ("model", "version", "bundle")}
        assert said == {"model": "shop", "version": "1", "bundle": version.bundle}
        runs.add(metadata[b"run"])
        if not name.startswith("quarantine"):
            counts = {"rows_in": 3, "scored": 2, "rejected": 1}
            assert json.loads(metadata[b"rows"]) == counts
    assert len(runs) == 2


def test_a_folder_holds_parts_of_the_size_that_is_set(place: Place, shop: Contract) -> None:
    table = rows_of(shop, 1_000)
    for number in range(10):
        pq.write_table(table.slice(number * 100, 100), place.folder / f"rows-{number}.parquet")
    found = place.scored(f"{place.folder}/rows-*.parquet", "scored", batch_rows=250)
    names = [path.name for path in sorted((place.folder / "scored").iterdir())]
    assert names == [f"part-00000{number}.parquet" for number in (1, 2, 3, 4)]
    assert found["order"].to_pylist() == table["order"].to_pylist()
    one = place.scored(f"{place.folder}/rows-*.parquet", batch_rows=250)
    assert one.equals(found)
    assert pq.read_metadata(place.folder / "scored.parquet").num_row_groups == 4


def test_without_a_served_model_or_a_file_the_next_step_is_told(place: Place) -> None:
    ask = Ask(where=str(place.folder / "rows.csv"))
    with pytest.raises(BundleError, match="make train"):
        run(place.config, "other", ask, place.folder / "out.parquet")
    with pytest.raises(RegistryError, match="has no version 7"):
        place.run(place.folder / "rows.csv", number=7)
    with pytest.raises(DataError, match="does not exist; name a CSV, Parquet or JSON Lines file"):
        place.run(place.folder / "rows.csv")
    assert place.left == set()


def test_two_runs_do_not_score_into_one_target(place: Place) -> None:
    path = place.write(LINE)
    (place.folder / ".scored.parquet.scoring").mkdir()
    with FileLock(place.folder / ".scored.parquet.scoring" / ".lock"):
        with pytest.raises(DataError, match="another run scores into"):
            place.run(path)
        place.run(path, "other.parquet")
    assert len(place.scored(path)) == 1


def test_a_place_where_nothing_can_be_written_is_told(place: Place) -> None:
    path = place.write(LINE)
    (place.folder / "file").touch()
    with pytest.raises(DataError, match=r"file/scored.parquet' stopped: .*run the same command"):
        place.run(path, "file/scored.parquet")


def test_what_the_graph_cannot_answer_is_told_with_its_records(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place.write(LINE, LINE)
    monkeypatch.setattr(Task, "valid", lambda _, outputs: len(outputs) < 2)
    with pytest.raises(ModelFailedError, match=r"rows.csv', a row among the records 1 to 2"):
        place.run(path)
    assert place.left == {"rows.csv"}
