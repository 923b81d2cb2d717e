"""Tables and queries, their columns and parameters; nothing else is asked of a database."""

import re
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.errors import ConfigError, DataError

from .databases import KINDS, ORDERS, Database, refused, rows_of, shop_of, snapshot


def test_columns_may_be_named_anything(database: Database, data: Path) -> None:
    names = ["a b", 'say "hi"', "back`tick", "größe", "100%", "c.d", "select", "a:b", "Mixed"]
    table = database.make(dict.fromkeys(names, "integer"), [range(len(names))])
    expected = [tuple(str(names.index(name)) for name in sorted(names))]
    assert rows_of(snapshot("table", shop_of(table=table), names, data)) == expected
    source = shop_of(query=f"select * from {table}")
    assert rows_of(snapshot("query", source, names, data)) == expected


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
    source = shop_of(query="select :a as n", parameters={"b": 1})
    assert "uses a, but its parameters are b" in refused(source, data, "n", error=ConfigError)


@pytest.mark.parametrize("database", KINDS[1:], indirect=True)
def test_a_select_that_writes_is_stopped_by_the_database(database: Database, data: Path) -> None:
    table = database.make(ORDERS, [(1, 2, "tea")])
    database.run(f"create sequence s{table}")
    database.made.append(f"drop sequence s{table}")
    number = database.typed("", f"'s{table}'", f"s{table}")
    source = shop_of(query=f"select nextval({number}) as id")
    assert re.search(r"(?i)read.only", refused(source, data, "id", error=DataError))
