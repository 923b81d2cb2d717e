"""What a snapshot is of, and how it is read."""

import subprocess
import sys
from pathlib import Path

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


def test_a_user_and_a_password_are_no_definition() -> None:
    def of(address: str) -> str:
        return definition(sa.make_url(address), shop_of(table="t"), ["id"])

    one = of("postgresql+psycopg://ann:one@host/db?sslmode=require")
    assert one == of("postgresql+psycopg://bob:two@host/db?password=three")
    others = ("host:1/db", "host/b", "host/db?options=-csearch_path%3Dx")
    assert len({one, *(of(f"postgresql+psycopg://{other}") for other in others)}) == 4


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
