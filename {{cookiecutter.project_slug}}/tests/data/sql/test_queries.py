"""Tables and queries, their columns and parameters; and what is kept of them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.errors import ConfigError, DataError

from .databases import ORDERS, SERVERS, Database, refused, rows_of, shop_of, snapshot


def test_what_cannot_be_read_is_told_with_what_there_is(database: Database, data: Path) -> None:
    there = database.make(ORDERS, name="a1")
    database.run(f"create view {there}_v as select id from {there}")
    database.made.append(f"drop view {there}_v")
    twice = f"select a.id, b.id from {there} a join {there} b on a.id = b.id"
    for settings, columns, words in (
        (
            {"table": there},
            "id price vat",
            "no column 'price', 'vat'; its columns are id, day, what",
        ),
        ({"query": f"select id from {there}"}, "price", "no column 'price'; its columns are id"),
        ({"table": "oders"}, "id", f"no table 'oders'; there are .*{there}, {there}_v"),
        # MariaDB refuses the query itself, and its own words are told.
        ({"query": twice}, "id", "gives column 'id' more than once|Duplicate column name 'id'"),
        ({"query": "select frm here"}, "id", "^source 'orders' cannot be read from .*frm.*$"),
    ):
        message = refused(shop_of(**settings), data, *columns.split(), error=DataError)
        assert re.search(words, message)


def test_a_table_may_stand_in_a_schema(database: Database, data: Path) -> None:
    table = database.make(ORDERS, [(1, 2, "here")])
    schema = "main"
    if database.kind != "sqlite":
        schema = f"s{table}"
        database.run(f"create schema {schema}")
        database.made.append(f"drop schema {schema}{database.typed('', ' cascade', '')}")
        database.run(f"create table {schema}.{table} as select 1 as id, 2 as day, 'there' as what")
    parts = snapshot("orders", shop_of(table=f"{schema}.{table}"), ["what"], data)
    assert rows_of(parts) == [("here" if schema == "main" else "there",)]


def test_parameters_are_data(database: Database, data: Path) -> None:
    odd = "'; drop table x; --"
    table = database.make(ORDERS, [(1, 2, odd), (2, 2, "tea"), (3, 9, "tea"), (4, 2, "%(odd)s")])
    query = (
        f"with t as (select * from {table}) Select id, what from t where"
        " what in (:odd, :what) and day < :day"
        r" and (what like '%e%' or what = '12:30 \:no') -- 100% \:no longer"
    )
    parameters = {"odd": odd, "what": "tea", "day": 9}
    source = shop_of(query=query, parameters=parameters)
    parts = snapshot("orders", source, ["id", "what"], data)
    assert sorted(map(str, rows_of(parts))) == [str(("1", odd)), str(("2", "tea"))]


@pytest.mark.parametrize(
    "query",
    [
        "  -- select\n update t set n = 1",
        "select 'it''s'; drop table t",
        r"select e'\''; commit; drop table t --'",
        "select a$x$; commit; drop table t; select b$x$",
        "selection",
    ],
)
def test_anything_but_one_select_is_refused(database: Database, data: Path, query: str) -> None:
    assert "one statement" in refused(shop_of(query=query), data, "n", error=ConfigError)


def test_names_and_parameters_must_agree(database: Database, data: Path) -> None:
    for parameters in ({"b": 1}, {}):
        source = shop_of(query="select :a as n", parameters=parameters)
        message = refused(source, data, "n", error=DataError)
        assert re.search("bound parameter named 'b'|required for bind parameter 'a'", message)


@pytest.mark.parametrize("database", SERVERS, indirect=True)
def test_a_select_that_writes_is_stopped_by_the_database(database: Database, data: Path) -> None:
    table = database.make(ORDERS, [(1, 2, "tea")])
    database.run(f"create sequence s{table}")
    database.made.append(f"drop sequence s{table}")
    number = database.typed("", f"'s{table}'", f"s{table}")
    source = shop_of(query=f"select nextval({number}) as id")
    assert re.search(r"(?i)read.only", refused(source, data, "id", error=DataError))


def test_the_same_rows_are_the_same_part(database: Database, data: Path) -> None:
    table = database.make(ORDERS | {"id": "integer primary key"}, [(2, 1, "tea"), (1, 1, None)])
    (first,) = snapshot("orders", shop_of(table=table), ORDERS, data)
    before = first.stat().st_mtime_ns
    database.run(f"update {table} set day = 1 where id = 1")  # PostgreSQL moves it to the end
    (second,) = snapshot("orders", shop_of(table=table), ORDERS, data)
    assert (second, second.stat().st_mtime_ns) == (first, before)
    assert first.parent == data / "snapshots" / "orders"
    assert rows_of([first]) == [("1", "1", None), ("1", "2", "tea")]


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
    source = SqlSource(sql="SHOP_URL", query={MANY[database.kind]!r}, parameters=dict(n=n_rows))
    files("orders", source, ["id", "what"], pathlib.Path({str(data)!r}))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

few = peak(25_000)
print(peak(250_000) - few)
"""
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert int(ran.stdout) < 20_000
