"""From a person's table to a project that is theirs: shown, written, and run."""

import json
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from {{ cookiecutter.__package }}.contract import load_contract
from {{ cookiecutter.__package }}.data.adopt import job
from {{ cookiecutter.__package }}.data.adopt.draft import amended
from {{ cookiecutter.__package }}.errors import ConfigError, DataError

from .conftest import Project, column, doubted, some, source, text_of

N = 600
NAMES = (
    *("a b", "c.d", "größe", "it's", '""say ""hi""""', "_lead", "select", "class", "index"),
    *(
        "model_config",
        "yes",
        "null",
        "123",
        "a: b",
        "#x",
        "{y}",
        "日本",
        "- z",
        "~",
        "more\x85",
        "a\u2028b",
    ),
)


def table(**more: list[str]) -> dict[str, list[str]]:
    days = [f"2024-{1 + n // 60:02}-{1 + n % 28:02}" for n in range(N)]
    return {
        "order_id": [f"o-{n}" for n in range(N)],
        "created": days,
        "price": some("1.5", "2", "NA", "17.25", n=N),
        "town": some(" Lyon", "Caen", "?", n=N),
        "returned": some("yes", "no", "no", "", n=N),
    } | more


def written(project: Project, cells: dict[str, list[str]]) -> Path:
    path = project.root / "orders.csv"
    path.write_text(text_of(cells))
    return path


def test_an_adopted_table_becomes_a_dataset_that_loses_no_row(project: Project) -> None:
    path = written(project, table())
    before = path.read_bytes()
    draft = project.adopt("orders.csv", "returned")
    dataset = project.data()
    rows = dataset.manifest["rows"]
    assert rows["kept"] + rows["unlabelled"] == N
    assert (draft.contract.id, draft.contract.time) == ("order_id", "created")
    assert source(draft.contract).csv == "orders.csv"
    assert path.read_bytes() == before


def test_dates_cut_seven_tenths_from_the_last_fifth(project: Project) -> None:
    written(project, table())
    project.adopt("orders.csv", "returned")
    splits = {name: one["rows"] for name, one in project.data().manifest["splits"].items()}
    total = sum(splits.values())
    assert splits["train"] / total == pytest.approx(0.7, abs=0.05)
    assert splits["test"] / total == pytest.approx(0.2, abs=0.05)


def test_names_of_any_kind_are_written_and_read(project: Project) -> None:
    cells = {f'"{name}"': some("1.5", "2.5", "7", n=N) for name in NAMES}
    numbers = [f"{n * 37 % 997}.5" for n in range(N)]
    written(project, cells | {"n": numbers, "y": some("a", "b", n=N)})
    draft = project.adopt("orders.csv", "y")
    assert load_contract(project.configs / "contract.yaml") == draft.contract
    assert len(draft.contract.features) == len(NAMES) + 1
    assert project.data().manifest["rows"]["kept"] == N


def test_an_id_that_looks_like_times_is_no_time(project: Project) -> None:
    written(project, {"time_id": [str(1_700_000_000 + n) for n in range(N)]} | table())
    draft = project.adopt("orders.csv", "returned", id="time_id")
    assert (draft.contract.id, source(draft.contract).formats) == ("time_id", {})


def test_names_that_no_contract_can_have_are_left_out(project: Project) -> None:
    cells = {"": [str(n) for n in range(N)], "_line": some("1", "2", n=N)}
    written(project, cells | table())
    draft = project.adopt("orders.csv", "returned")
    assert {"_line", "(column 1)"} & set(draft.contract.columns) == set()
    assert doubted(draft, "`(column 1)` is left out", "counts the rows")
    assert doubted(draft, "`_line` is left out")
    assert project.data().manifest["rows"]["rejected"] == 0


def test_parquet_is_adopted_as_it_is_typed(project: Project) -> None:
    path = written(project, table())
    rows = pacsv.read_csv(path, convert_options=pacsv.ConvertOptions(strings_can_be_null=True))
    rows = rows.append_column("tags", pa.array([["a"]] * N))
    rows = rows.append_column("took", pa.array([1] * N, pa.duration("s")))
    rows = rows.append_column("day", pa.array([n % 99 for n in range(N)], pa.date32()))
    pq.write_table(rows, project.root / "orders.parquet")
    draft = project.adopt("orders.parquet", "returned")
    assert {name: column(draft, name).type for name in ("created", "price")} == {
        "created": "timestamp",
        "price": "float",
    }
    assert doubted(draft, "`tags` is left out", "list")
    assert doubted(draft, "`took` is left out", "duration")
    assert column(draft, "day").type == "timestamp"
    rows = project.data().manifest["rows"]
    assert rows["rejected"] == 0


@pytest.mark.parametrize("what", [{"table": "orders"}, {"query": "select * from orders"}])
def test_a_database_is_adopted(
    project: Project, monkeypatch: pytest.MonkeyPatch, what: dict[str, str]
) -> None:
    pytest.importorskip("sqlalchemy")
    cells = table()
    with sqlite3.connect(project.root / "shop.db") as shop:
        shop.execute(f"create table orders ({', '.join(cells)})")
        marks = ", ".join("?" * len(cells))
        shop.executemany(f"insert into orders values ({marks})", zip(*cells.values(), strict=True))
    shop.close()
    monkeypatch.setenv("SHOP_URL", "sqlite:///shop.db")
    draft = project.adopt("SHOP_URL", "returned", **what)
    assert draft.contract.id == "order_id"
    assert project.data().manifest["rows"]["rejected"] == 0


def test_a_file_that_may_not_be_read_is_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    written(project, table())
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=r"'orders.csv' cannot be read: Permission denied"):
        project.adopt("orders.csv", "returned")


@pytest.mark.parametrize("query", ["delete from orders", "select 1; delete from orders"])
def test_a_query_is_one_select_and_no_other_is_sent(project: Project, query: str) -> None:
    path = project.root / "shop.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table orders (returned text)")
    with pytest.raises(ConfigError, match=r"'rows'.*one statement that begins with select or with"):
        project.adopt(f"sqlite:///{path}", "returned", query=query)


def test_a_database_needs_a_table_or_a_query(project: Project) -> None:
    with pytest.raises(ConfigError, match="--table or --query"):
        project.adopt("sqlite:///shop.db", "y")
    with pytest.raises(DataError, match="does not exist"):
        project.adopt("nowhere.csv", "y")
    (project.root / "book.csv").write_bytes(b"PK\3\4")
    with pytest.raises(DataError, match="Excel"):
        project.adopt("book.csv", "y")


def test_personal_values_are_not_shown(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    written(project, table(contact=[f"u{n}@example.org" for n in range(N)]))
    project.adopt("orders.csv", "returned")
    assert "example.org" not in capsys.readouterr().out
    assert b"example.org" not in (project.configs / "contract.yaml").read_bytes()


def test_a_dry_run_writes_nothing(project: Project) -> None:
    written(project, table())
    before = project.files()
    project.adopt("orders.csv", "returned", dry_run=True)
    assert project.files() == before


def rendered(project: Project) -> dict[str, str]:
    """The example's files as a render leaves them, and their hashes."""
    files = {
        "configs/contract.yaml": "name: flights\n",
        "configs/data.yaml": "driving: flights\n",
        "src/package/data/transform.py": "flights\n",
        "src/package/models/features.py": "flights\n",
        "src/package/data/example.py": "flights\n",
        "tests/behaviour/test_flights.py": "flights\n",
        "tests/data/test_example.py": "flights\n",
    }
    for name, text in files.items():
        path = project.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    hashes = {name: sha256(text.encode()).hexdigest() for name, text in files.items()}
    (project.root / job.RENDERED).write_text(json.dumps(hashes))
    return files


def test_the_example_goes_and_adopting_again_works(project: Project) -> None:
    files = rendered(project)
    written(project, table())
    project.adopt("orders.csv", "returned")
    there = project.files()
    assert {name for name in files if name not in there} == {
        "src/package/data/example.py",
        "tests/behaviour/test_flights.py",
        "tests/data/test_example.py",
    }
    project.adopt("orders.csv", "returned", name="again")
    assert load_contract(project.configs / "contract.yaml").name == "again"


def test_what_was_changed_by_hand_is_not_overwritten(project: Project) -> None:
    rendered(project)
    written(project, table())
    (project.root / "src/package/data/transform.py").write_text("mine\n")
    before = project.files()
    with pytest.raises(ConfigError, match=r"src/package/data/transform\.py was changed .* --force"):
        project.adopt("orders.csv", "returned")
    assert project.files() == before
    project.adopt("orders.csv", "returned", force=True)
    assert project.files() != before


def test_without_a_record_every_file_that_is_there_counts_as_changed(project: Project) -> None:
    rendered(project)
    (project.root / job.RENDERED).unlink()
    written(project, table())
    with pytest.raises(ConfigError, match=r"contract\.yaml, .*example\.py"):
        project.adopt("orders.csv", "returned")


def test_a_person_changes_types_and_excludes(project: Project) -> None:
    written(project, table(note=some("a", "b", n=N), day=some("31/12/2024", "1/1/2024", n=N)))
    draft = project.adopt("orders.csv", "returned", dry_run=True)
    answers = iter(["price=category", "-note", "day=category", "none=float", "town=word", ""])
    found = job.asked(draft, lambda _: next(answers)).contract
    assert (found.columns["price"].type, found.role("note")) == ("category", "excluded")
    assert source(found).formats == {}
    with pytest.raises(ConfigError, match="nothing was written"):
        job.asked(draft, lambda _: "q")
    with pytest.raises(ConfigError, match="no column 'none'"):
        amended(draft, "-none")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"time": "price"}, "--time: 'price' holds no times"),
        ({"time": "shipped"}, "--time: 'shipped' has [0-9]+ gaps"),
        ({"id": "town"}, "--id: 'town' does not name each row once: [0-9]+ rows repeat"),
        ({"timezone": "Mars/Base"}, "--timezone: 'Mars/Base'"),
    ],
)
def test_a_column_that_cannot_be_what_it_is_said_to_be_is_refused(
    project: Project, options: dict[str, str], words: str
) -> None:
    written(project, table(shipped=some("2024-01-01", "", n=N)))
    with pytest.raises((DataError, ConfigError), match=words):
        project.adopt("orders.csv", "returned", **options)


def test_records_that_are_no_rows_are_doubtful(project: Project) -> None:
    path = written(project, table())
    path.write_text(path.read_text() + "one,two\n")
    draft = project.adopt("orders.csv", "returned")
    assert doubted(draft, "1 of 601 records are no rows", "2 fields")
