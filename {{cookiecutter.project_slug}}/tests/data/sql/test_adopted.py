"""A table of a database is adopted as a file is."""

import sqlite3

import pytest

from ...adopt.conftest import Project
from ...adopt.conftest import project as project_fixture
from ...adopt.test_job import table

project = project_fixture


def test_a_database_is_adopted(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = table()
    with sqlite3.connect(project.root / "shop.db") as shop:
        shop.execute(f"create table orders ({', '.join(cells)})")
        marks = ", ".join("?" * len(cells))
        shop.executemany(f"insert into orders values ({marks})", zip(*cells.values(), strict=True))
    shop.close()
    monkeypatch.setenv("SHOP_URL", "sqlite:///shop.db")
    found = project.adopt("{sql: SHOP_URL, table: orders}", "returned")
    assert found.contract.id == "order_id"
    assert project.data().manifest["rows"]["rejected"] == 0
