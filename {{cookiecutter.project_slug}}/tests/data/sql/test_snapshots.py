"""What a snapshot is of, and how it is read."""

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from {{ cookiecutter.__package }}.data.sql.database import definition

from .databases import ORDERS, Database, rows_of, shop_of, snapshot


def test_the_same_rows_are_the_same_part(database: Database, data: Path) -> None:
    table = database.make(ORDERS | {"id": "integer primary key"}, [(2, 1, "tea"), (1, 1, None)])
    (first,) = snapshot("orders", shop_of(table=table), ORDERS, data)
    before = first.stat().st_mtime_ns
    database.run(f"update {table} set day = 1 where id = 1")  # PostgreSQL moves it to the end
    (second,) = snapshot("orders", shop_of(table=table, chunk_rows=1), ORDERS, data)
    assert (second, second.stat().st_mtime_ns) == (first, before)
    assert first.parent.parent == data / "snapshots" / "orders"
    assert rows_of([first]) == [("1", "1", None), ("1", "2", "tea")]


def test_other_rows_are_another_part_and_the_old_one_stays(shop: Database, data: Path) -> None:
    table = shop.make(ORDERS, [(1, 1, "tea")])
    (first,) = snapshot("orders", shop_of(table=table), ORDERS, data)
    shop.run(f"update {table} set what = 'rum'")
    (second,) = snapshot("orders", shop_of(table=table), ORDERS, data)
    assert [rows_of([part])[0][2] for part in (first, second)] == ["tea", "rum"]


@pytest.mark.parametrize(
    ("one", "other"),
    [(["ab", "c"], ["a", "bc"]), ([None], [""]), (["a", "b"], ["b", "a"]), (["a"], ["a", "a"])],
)
def test_a_parts_name_tells_values_apart(
    shop: Database, data: Path, one: list[str | None], other: list[str | None]
) -> None:
    names = set()
    for values in (one, other):
        table = shop.make({"what": "text"}, [(value,) for value in values])
        names.add(snapshot("orders", shop_of(table=table), ["what"], data)[0].name)
    assert len(names) == 2


def test_no_rows_are_a_part_without_rows(database: Database, data: Path) -> None:
    table = database.make(ORDERS)
    source = shop_of(table=table)
    (part,) = snapshot("orders", source, ORDERS, data)
    assert rows_of([part]) == []
    assert pq.read_schema(part).names == ["day", "id", "what"]
    assert snapshot("orders", source, ORDERS, data) == [part]
    database.add(table, list(ORDERS), [(1, 1, "tea")])
    assert rows_of(snapshot("orders", source, ORDERS, data)) == [("1", "1", "tea")]


def test_another_definition_starts_anew(shop: Database, data: Path) -> None:
    table = shop.make(ORDERS, [(1, 1, "a")])
    query = f"select * from {table} where id <> :not_this"
    sources = [
        shop_of(table=table),
        shop_of(table=f"main.{table}"),
        shop_of(query=query, parameters={"not_this": 2}),
        shop_of(query=query, parameters={"not_this": 3}),
        shop_of(query=f"{query} ", parameters={"not_this": 3}),
    ]
    folders = {snapshot("orders", source, ORDERS, data)[0].parent for source in sources}
    folders.add(snapshot("orders", sources[0], ["id"], data)[0].parent)
    assert len(folders) == len(sources) + 1


def test_the_order_of_columns_and_the_size_of_chunks_are_no_definition(
    shop: Database, data: Path
) -> None:
    table = shop.make(ORDERS, [(1, 1, "a")])
    source = shop_of(table=table, chunk_rows=1, missing=["-"])
    parts = snapshot("orders", shop_of(table=table), ["id", "what"], data)
    assert snapshot("orders", source, ["what", "id"], data) == parts


def test_a_user_and_a_password_are_no_definition() -> None:
    def of(address: str) -> str:
        return definition(sa.make_url(address), shop_of(table="t"), ["id"])

    one = of("postgresql+psycopg://ann:one@host/db?sslmode=require")
    assert one == of("postgresql+psycopg://bob:two@host/db?password=three")
    servers = ("host", "other", "host:1")
    options = ("", "?host=a", "?port=1", "?options=-csearch_path%3Dx")
    others = [
        f"{server}/{name}{option}" for server in servers for name in "ab" for option in options
    ]
    assert len({one, *(of(f"postgresql+psycopg://{other}") for other in others)}) == 25


MANY = {
    "sqlite": "with recursive t(id) as (select 1 union all select id + 1 from t where id < :n)"
    " select id, printf('%0200d', id) as what from t",
    "postgresql": "select id, lpad(cast(id as text), 200, '0') as what"
    " from generate_series(1, :n) as id",
    "mariadb": "select seq as id, lpad(seq, 200, '0') as what from seq_1_to_250000 where seq <= :n",
}


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(database: Database, data: Path) -> None:
    """A tenth of the memory that 250 000 rows of 200 bytes would take at once."""
    code = f"""
import pathlib, resource
from {{ cookiecutter.__package }}.contract.sql import SqlSource
from {{ cookiecutter.__package }}.data.sql.reader import files

def peak(n_rows):
    source = SqlSource(sql="SHOP_URL", query={MANY[database.kind]!r}, parameters=dict(n=n_rows),
                       chunk_rows=5000)
    files("orders", source, ["id", "what"], pathlib.Path({str(data)!r}))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

few = peak(25_000)
print(peak(250_000) - few)
"""
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert int(ran.stdout) < 20_000
