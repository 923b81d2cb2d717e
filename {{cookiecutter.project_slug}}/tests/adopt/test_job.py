"""From a person's table to a project that is theirs: shown, written, and run."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from {{ cookiecutter.__package }}.adopt import write
from {{ cookiecutter.__package }}.cli import app
from {{ cookiecutter.__package }}.contract import load_contract
from {{ cookiecutter.__package }}.errors import (
    ConfigError,
    DataError,
    ProjectError,
)
from {{ cookiecutter.__package }}.storage import write_file

from .conftest import Cells, Project, doubted, rows_of, some, source, text_of

N = 600
Out = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
NAMES = ["a b", "c.d", "größe", "it's", 'say "hi"', "_lead", "select", "model_config", "yes"]
NAMES += ["null", "123", "a: b", "#x", "{y}", "日本", "- z", "~", "more\x85", "a\u2028b"]
NAMES += ["esc\x1b[31mred"]


def table(**more: Cells) -> dict[str, Cells]:
    days = [f"2024-{1 + n // 60:02}-{1 + n % 28:02}" for n in range(N)]
    return {
        "order_id": [f"o-{n}" for n in range(N)],
        "created": days,
        "price": some("1.5", "2", "NA", "17.25", n=N),
        "town": some(" Lyon", "Caen", "?", n=N),
        "returned": some("yes", "no", "no", "", n=N),
    } | more


def written(project: Project, cells: dict[str, Cells], name: str = "orders.csv") -> Path:
    path = project.root / name
    path.write_text(text_of(cells))
    return path


def test_an_adopted_table_becomes_a_dataset_that_loses_no_row(project: Project) -> None:
    path = written(project, table())
    before = project.files()
    project.adopt("orders.csv", "returned", dry_run=True)
    assert project.files() == before
    found = project.adopt("orders.csv", "returned")
    manifest = project.data().manifest
    assert manifest["rows"]["kept"] + manifest["rows"]["unlabelled"] == N
    assert (found.contract.id, found.contract.time) == ("order_id", "created")
    assert source(found.contract).csv == "orders.csv"
    assert path.read_bytes() == before["orders.csv"]
    total = sum(one["rows"] for one in manifest["splits"].values())
    assert manifest["splits"]["train"]["rows"] / total == pytest.approx(0.7, abs=0.05)
    assert manifest["splits"]["test"]["rows"] / total == pytest.approx(0.2, abs=0.05)


def test_names_of_any_kind_are_written_and_read(project: Project, capsys: Out) -> None:
    cells = {name: some("1.5", "2.5", "7", n=N) for name in NAMES}
    cells |= {"n": [f"{n * 37 % 997}.5" for n in range(N)], "y": some("a", "b", n=N)}
    written(project, cells)
    found = project.adopt("orders.csv")
    assert load_contract(project.configs / "contract.yaml") == found.contract
    assert len(found.contract.features) == len(NAMES) + 1
    assert project.data().manifest["rows"]["kept"] == N
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["orders.parquet", "orders.jsonl"])
def test_other_files_are_adopted(project: Project, name: str) -> None:
    rows = pl.read_csv(written(project, table()), null_values=["NA"])
    if name.endswith("parquet"):
        more = [pl.lit([1]).alias("tags"), pl.duration(days=1).alias("took")]
        rows = rows.with_columns(*more, pl.col("town").cast(pl.Binary), day=pl.date(2024, 1, 1))
        rows.write_parquet(project.root / name)
    else:
        rows.write_ndjson(project.root / name)
    found = project.adopt(name, "returned")
    kinds = {name: one.type for name, one in found.contract.columns.items()}
    assert (kinds["created"], kinds["price"], kinds["town"]) == ("timestamp", "float", "category")
    assert doubted(found, "`tags` is left out", "List") == name.endswith("parquet")
    assert doubted(found, "`took` is left out", "Duration") == name.endswith("parquet")
    assert project.data().manifest["rows"]["rejected"] == 0


def test_equal_texts_are_equal_values_whatever_holds_them(project: Project) -> None:
    cells = table(cover=some("None", "NA", "\u00a0Basic ", "True", "1.0", "Unknown", n=N))
    written(project, cells)
    pl.DataFrame(cells).write_ndjson(project.root / "orders.jsonl")
    pl.DataFrame(cells).write_parquet(project.root / "orders.parquet")
    found = {}
    for name in ("orders.csv", "orders.jsonl", "orders.parquet"):
        proposal = project.adopt(name, "returned", dry_run=True)
        found[name] = rows_of(proposal.contract)["cover"].to_list()
    assert found["orders.csv"] == found["orders.jsonl"] == found["orders.parquet"]
    assert set(found["orders.csv"]) == {"None", "NA", "Basic", "true", "1", "Unknown"}


def test_what_cannot_be_opened_is_refused(project: Project, monkeypatch: Patch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with pytest.raises(DataError, match=r"does not exist; .*sql: SHOP_URL"):
        project.adopt("sqlite:///shop.db", "y")
    (project.root / "book.csv").write_bytes(b"PK\3\4")
    with pytest.raises(DataError, match=r"book.csv' is an Excel workbook .*save it as CSV"):
        project.adopt("book.csv", "y")
    written(project, table())
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=r"'orders.csv' cannot be read: Permission denied"):
        project.adopt("orders.csv", "returned")


CODE = f"src/{write.PACKAGE}"
EXAMPLE = [f"{CODE}/data/example.py", *write.TESTS_OF_EXAMPLE]
RENDERED = ["configs/contract.yaml", "configs/data.yaml"]
RENDERED += [f"{CODE}/data/transform.py", f"{CODE}/models/features.py"]


def rendered(project: Project) -> None:
    """The example's files as a render leaves them, and their hashes."""
    for path in (project.root / name for name in EXAMPLE + RENDERED):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("flights\n")
    hashes = dict.fromkeys(EXAMPLE + RENDERED, sha256(b"flights\n").hexdigest())
    (project.root / write.RENDERED).write_text(json.dumps(hashes))


def test_the_example_goes_and_adopting_again_works_also_after_a_kill(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered(project)
    written(project, table())
    one = iter([write_file])
    with monkeypatch.context() as patch:
        patch.setattr(write, "write_file", lambda *file: next(one)(*file))
        with pytest.raises(StopIteration):
            project.adopt("orders.csv", "returned")
    project.adopt("orders.csv", "returned")
    assert not set(EXAMPLE) & set(project.files())
    assert set(RENDERED) <= set(project.files())
    project.adopt("orders.csv", "town")
    assert load_contract(project.configs / "contract.yaml").target == "town"


def test_what_was_changed_by_hand_is_not_overwritten(project: Project) -> None:
    rendered(project)
    written(project, table())
    (project.root / CODE / "data/transform.py").write_text("mine\n")
    before = project.files()
    with pytest.raises(ConfigError, match=r"data/transform\.py was changed .* --force"):
        project.adopt("orders.csv", "returned")
    assert project.files() == before
    (project.root / write.RENDERED).unlink()
    with pytest.raises(ConfigError, match=r"contract\.yaml, .*example\.py"):
        project.adopt("orders.csv", "returned")
    project.adopt("orders.csv", "returned", force=True)
    assert project.files() != before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"time": "price"}, "--time: 'price' .* or no times: '"),
        ({"time": "shipped"}, "--time: 'shipped' has gaps in [0-9]+ rows"),
        ({"time": "creatd"}, "--time: .* did you mean 'created'"),
        ({"id_": "town"}, "--id: 'town' does not name each row once, such as "),
    ],
)
def test_a_column_that_cannot_be_what_it_is_said_to_be_is_refused(
    project: Project, options: dict[str, Any], words: str
) -> None:
    written(project, table(shipped=some("2024-01-01", "", n=N)))
    with pytest.raises((DataError, ConfigError), match=words):
        project.adopt("orders.csv", "returned", **options)


def test_records_that_are_no_rows_are_doubtful(project: Project) -> None:
    path = written(project, table())
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:300], "one,two", *lines[300:]]) + "\n")
    found = project.adopt("orders.csv", "returned", dry_run=True)
    assert doubted(found, "1 of 601 records are no rows", "2 fields")


def test_options_reach_the_contract_and_empty_ones_are_none(project: Project) -> None:
    cells = {"n": some("1", "2"), "y": some("a", "a", "b"), "day": some("2024-01-01", "2024-02-01")}
    written(project, cells, "t.csv")
    options = ["--target", "y", "--time", "day", "--id", "", "--task", "binary", "--dry-run"]
    found = CliRunner().invoke(app, ["adopt", "t.csv", *options])
    assert found.exit_code == 0, found.output
    assert "t-y: binary of y" in found.output
    assert "nothing was written" in found.output
    for wrong in (["y", "--task", "clustering"], [""]):
        found = CliRunner().invoke(app, ["adopt", "t.csv", "--target", *wrong])
        assert isinstance(found.exception, ProjectError)
