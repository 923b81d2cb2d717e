"""What a watermark adds: each row once, whatever happens in between."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.__package }}.data import sql
from {{ cookiecutter.__package }}.data.sql import snapshot
from {{ cookiecutter.__package }}.errors import (
    DataError,
)

from .databases import KINDS, ORDERS, Database, Row, files, refused, rows_of, shop_of


@pytest.mark.parametrize("chunk_rows", [1, 100])
@pytest.mark.parametrize("form", ["table", "query"])
def test_new_rows_are_new_parts_and_none_is_lost_or_doubled(
    database: Database, data: Path, form: str, chunk_rows: int
) -> None:
    table = database.make(ORDERS, [(1, 20, "b"), (2, 10, "a"), (3, 20, "b")])
    settings = {"table": table} if form == "table" else {"query": f"select * from {table}"}
    source = shop_of(**settings, watermark="day", chunk_rows=chunk_rows)

    def read() -> tuple[int, list[Row]]:
        parts = snapshot("orders", source, ["what"], data)
        assert [part.name[:6] for part in parts] == [f"{n + 1:06}" for n in range(len(parts))]
        return len(parts), rows_of(parts)

    first = [("10", "a"), ("20", "b"), ("20", "b")]
    assert read() == read() == (1, first)
    late = [(4, 20, "b"), (5, 20, "c"), (6, 30, "d")]
    database.add(table, list(ORDERS), late)
    count, rows = read()
    assert count == 2
    assert rows[:3] == first
    assert Counter(rows[3:]) == Counter([("20", "b"), ("20", "c"), ("30", "d")])
    assert rows[-1] == ("30", "d")
    assert read() == (2, rows)
    database.add(table, list(ORDERS), [(7, 30, "d")])
    assert read() == (3, [*rows, ("30", "d")])


def test_what_was_read_stays_when_the_database_forgets(database: Database, data: Path) -> None:
    table = database.make(ORDERS, [(1, 10, "a"), (2, 20, "b")])
    source = shop_of(table=table, watermark="day")
    before = rows_of(snapshot("orders", source, ORDERS, data))
    database.run(f"delete from {table}")
    database.add(table, list(ORDERS), [(3, 20, "c")])
    assert rows_of(snapshot("orders", source, ORDERS, data)) == [*before, ("20", "3", "c")]


MARKS = {
    "sqlite": [
        ("integer", ["9", "10", "11"]),
        ("real", ["0.1", "0.3", "1e300"]),
        ("text", ["'2024-01-09 08:00'", "'2024-01-10 07:00'", "'2024-01-10 08:00'"]),
    ],
    "postgresql": [
        ("bigint", ["9", "10", "9223372036854775807"]),
        ("double precision", ["0.1", "0.30000000000000004", "1e300"]),
        ("numeric", ["9.99999999999999999999", "10.000000000000000000001", "1e40"]),
        ("text", ["'a'", "'b'", "'c'"]),
        ("date", ["'2023-12-31'", "'2024-01-01'", "'2024-01-02'"]),
        ("timestamp", ["'2024-01-01'", "'2024-01-01 00:00:00.000001'", "'2024-01-02'"]),
        ("timestamptz", ["'2024-10-27 02:30+02'", "'2024-10-27 02:30+01'", "'2024-11-01 00:00Z'"]),
    ],
    "mariadb": [
        ("bigint unsigned", ["9", "10", "18446744073709551615"]),
        ("double", ["0.1", "0.30000000000000004", "1e300"]),
        ("decimal(40,20)", ["9.99999999999999999999", "10.00000000000000000001", "1e18"]),
        ("varchar(20)", ["'a'", "'b'", "'c'"]),
        ("date", ["'2023-12-31'", "'2024-01-01'", "'2024-01-02'"]),
        ("datetime(6)", ["'2024-01-01'", "'2024-01-01 00:00:00.000001'", "'2024-01-02'"]),
        ("timestamp(3) null", ["from_unixtime(0.001)", "from_unixtime(0.002)", "from_unixtime(1)"]),
    ],
}


def test_a_watermark_grows_as_its_type_does(database: Database, data: Path) -> None:
    for kind, (low, middle, high) in MARKS[database.kind]:
        table = database.make({"mark": kind, "n": "integer"})
        database.run(f"insert into {table} values ({middle}, 2), ({low}, 1)")
        source = shop_of(table=table, watermark="mark")
        assert [n for _, n in rows_of(snapshot(kind, source, ["n"], data))] == ["1", "2"], kind
        database.run(f"insert into {table} values ({middle}, 3), ({high}, 4), ({low}, 5)")
        parts = snapshot(kind, source, ["n"], data)
        assert [n for _, n in rows_of(parts)] == ["1", "2", "3", "4"], kind
        assert snapshot(kind, source, ["n"], data) == parts, kind


EQUAL = {
    "sqlite": ("numeric collate nocase", ["'b'", "'B'"]),
    "postgresql": ("numeric", ["1.0", "1.00"]),
    "mariadb": ("varchar(9) collate utf8mb4_general_ci", ["'b'", "'B'"]),
}


@pytest.mark.parametrize("chunk_rows", [1, 100])
def test_what_equals_the_watermark_is_the_databases_to_say(
    database: Database, data: Path, chunk_rows: int
) -> None:
    kind, (one, other) = EQUAL[database.kind]
    table = database.make({"mark": kind, "n": "integer"})
    database.run(f"insert into {table} values ({one}, 1), ({other}, 2)")
    source = shop_of(table=table, watermark="mark", chunk_rows=chunk_rows)
    (first,) = snapshot("orders", source, ["n"], data)
    assert snapshot("orders", source, ["n"], data) == [first]
    database.run(f"insert into {table} values ({one}, 3), ({other}, 3)")
    parts = snapshot("orders", source, ["n"], data)
    assert sorted(str(n) for _, n in rows_of(parts)) == ["1", "2", "3", "3"]
    assert snapshot("orders", source, ["n"], data) == parts


def test_a_null_watermark_is_refused_with_their_number(database: Database, data: Path) -> None:
    table = database.make(ORDERS, [(1, 10, "a"), (2, None, "b")])
    source = shop_of(table=table, watermark="day", chunk_rows=1)
    assert "'day' is NULL in 1 rows" in refused(source, data, "id", error=DataError)
    database.run(f"update {table} set day = 5 where day is null")
    parts = snapshot("orders", source, ["id"], data)
    database.add(table, list(ORDERS), [(3, None, "c"), (4, None, "d"), (5, 99, "e")])
    assert "'day' is NULL in 2 rows" in refused(source, data, "id", error=DataError)
    database.run(f"delete from {table} where day is null")
    assert rows_of(snapshot("orders", source, ["id"], data)) == [*rows_of(parts), ("99", "5")]


@pytest.mark.parametrize(
    ("kind", "value"), [("boolean", "true"), ("uuid", "gen_random_uuid()"), ("numeric", "'NaN'")]
)
@pytest.mark.parametrize("database", [KINDS[1]], indirect=True)
def test_what_has_no_order_is_no_watermark(
    database: Database, data: Path, kind: str, value: str
) -> None:
    table = database.make({"mark": kind})
    database.run(f"insert into {table} values ({value})")
    message = refused(shop_of(table=table, watermark="mark"), data, error=DataError)
    assert "it must be a number, text, date or time" in message
    assert files(data) == []


@pytest.mark.parametrize("watermark", [None, "day"])
def test_a_run_that_is_killed_neither_loses_nor_doubles(
    shop: Database, data: Path, monkeypatch: pytest.MonkeyPatch, watermark: str | None
) -> None:
    """Whatever a kill can leave on the disk is what is there after one of the steps."""
    table = shop.make(ORDERS, [(1, 10, "a"), (2, 20, "b")])
    source = shop_of(table=table, watermark=watermark, chunk_rows=1)
    snapshot("orders", source, ORDERS, data)
    shop.add(table, list(ORDERS), [(3, 20, "c"), (4, 30, "d"), (5, 30, "d")])
    with monkeypatch.context() as patched:
        left = disks_after_each_step(patched, data)
        expected = snapshot("orders", source, ORDERS, data)
    assert len(left) > 8
    for disk in left:
        parts = snapshot("orders", source, ORDERS, disk)
        assert rows_of(parts) == rows_of(expected)
        assert files(disk) == files(data)
        assert [part.name for part in parts] == [part.name for part in expected]


def disks_after_each_step(patched: pytest.MonkeyPatch, data: Path) -> list[Path]:
    """Copies of the folder, one more after every step that changes or secures a file."""
    copies: list[Path] = []
    for owner, step in ((sql.Draft, "add"), (sql.Draft, "keep"), (Path, "replace"), (os, "fsync")):
        patched.setattr(owner, step, followed_by_copy(getattr(owner, step), data, copies))
    return copies


def followed_by_copy(step: Callable[..., Any], data: Path, copies: list[Path]) -> Any:
    def both(*given: Any, **named: Any) -> Any:
        done = step(*given, **named)
        copies.append(data.with_name(f"disk{len(copies)}"))
        shutil.copytree(data, copies[-1])
        return done

    return both


@pytest.mark.slow
def test_a_run_that_is_killed_is_made_good_by_the_next(shop: Database, data: Path) -> None:
    table = shop.make(ORDERS, [(1, 10, "a"), (2, 20, "b")])
    source = shop_of(table=table, watermark="day", chunk_rows=1)
    code = f"""
import os, pathlib
from {{ cookiecutter.__package }}.contract import SqlSource
from {{ cookiecutter.__package }}.data.sql import snapshot
source = SqlSource.model_validate_json({source.model_dump_json()!r})
snapshot("orders", source, {list(ORDERS)}, pathlib.Path({str(data)!r}), lambda n: os._exit(9))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert len(list(data.rglob("*"))) > 3
    parts = snapshot("orders", source, ORDERS, data)
    assert rows_of(parts) == [("10", "1", "a"), ("20", "2", "b")]
    assert files(data) == [parts[0].name]


def test_a_failure_leaves_what_was_there(
    database: Database, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = database.make(ORDERS, [(n, n, "a") for n in range(9)])
    source = shop_of(table=table, watermark="day", chunk_rows=2)
    parts = snapshot("orders", source, ORDERS, data)
    database.add(table, list(ORDERS), [(n, n, "b") for n in range(9, 20)])

    def stop(n_rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        snapshot("orders", source, ORDERS, data, stop)
    assert files(data) == [parts[0].name]
    assert len(rows_of(snapshot("orders", source, ORDERS, data))) == 20


def test_a_part_that_is_gone_is_noticed(shop: Database, data: Path) -> None:
    table = shop.make(ORDERS, [(1, 1, "a")])
    source = shop_of(table=table, watermark="day")
    snapshot("orders", source, ORDERS, data)
    shop.add(table, list(ORDERS), [(2, 2, "b")])
    first, second = snapshot("orders", source, ORDERS, data)
    first.unlink()
    message = refused(source, data, *ORDERS, error=DataError)
    assert f"not numbered 1, 2, 3 and so on: {second.name}" in message
