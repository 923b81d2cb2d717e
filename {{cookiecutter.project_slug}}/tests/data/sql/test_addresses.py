"""Where a database is, and that its password is nowhere."""

import sys
import traceback
from pathlib import Path

import pytest
import sqlalchemy as sa

from {{ cookiecutter.__package }}.errors import (
    DataError,
    MissingExtraError,
    ProjectError,
)

from ...conftest import PACKAGE
from .databases import ORDERS, SERVERS, Database, files, opened, refused, rows_of, shop_of, snapshot

SECRET = "hunter2-and-more"  # noqa: S105 - planted, to be looked for


def secret_of(caught: pytest.ExceptionInfo[ProjectError]) -> bool:
    """Whether anything that may be printed of an error holds the secret, or half of it."""
    printed = "".join(traceback.format_exception(caught.value))
    return SECRET in printed or SECRET[:7] in printed or SECRET[8:] in printed


# an address → what is said of it
ADDRESSES = [
    (" \n", "the environment variable SHOP_URL is not set.* sqlite:///data/shop.db"),
    (f"ann:{SECRET}@host/db", "such as sqlite"),
    (f"postgresql://ann:{SECRET[:7]}@{SECRET[8:]}/more@host/db", "such as sqlite"),
    (f"postgresql+nosuch://ann:{SECRET}@host/db", "begin it as in sqlite"),
    (
        f"postgresql://ann:{SECRET}@127.0.0.1:1/sales",
        "connect to postgresql database 'sales' at 127",
    ),
    (
        f"mysql://ann:{SECRET}@127.0.0.1:1/sales",
        "connect to mysql database 'sales' at 127.0.0.1:1: ",
    ),
]


@pytest.mark.parametrize(("address", "words"), ADDRESSES)
def test_an_address_that_leads_nowhere_is_told_without_its_password(
    data: Path, monkeypatch: pytest.MonkeyPatch, address: str, words: str
) -> None:
    monkeypatch.setenv("SHOP_URL", address)
    with pytest.raises(ProjectError, match=words) as caught:
        snapshot("orders", shop_of(table="t"), ["id"], data)
    assert not secret_of(caught)
    assert files(data) == []


@pytest.mark.parametrize("absent", ["psycopg", "sqlalchemy"])
def test_a_library_that_is_not_installed_is_told_with_the_command(
    data: Path, monkeypatch: pytest.MonkeyPatch, absent: str
) -> None:
    monkeypatch.setitem(sys.modules, absent, None)
    monkeypatch.delitem(sys.modules, f"{PACKAGE}.data.sql.database", raising=False)
    monkeypatch.delattr(f"{PACKAGE}.data.sql.database", raising=False)
    source = shop_of(sql="postgres://ann@host/db", table="t")
    message = refused(source, data, error=MissingExtraError)
    assert message.startswith(f"{absent} is not installed; install it with: pip install '.[sql]'")


@pytest.mark.parametrize("place", ["ann:{}@host/db", "host/db?sslPass={}"])
def test_a_driver_that_repeats_the_password_is_masked(
    data: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    class Telltale:
        def connect(self) -> None:
            raise RuntimeError(f"no luck\nwith {SECRET}")

    monkeypatch.setattr(sa, "create_engine", lambda *_, **__: Telltale())
    monkeypatch.setenv("SHOP_URL", f"postgresql://{place.format(SECRET)}")
    with pytest.raises(DataError, match=r"no luck with \*\*\*; check") as caught:
        snapshot("orders", shop_of(table="t"), ["id"], data)
    assert not secret_of(caught)


@pytest.mark.parametrize("database", SERVERS, indirect=True)
def test_a_password_is_in_no_message_and_in_no_file(
    database: Database, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = database.make(ORDERS, [(1, 2, "tea")])
    user = f"u{table[-12:]}"
    login = database.typed("", "login password", "identified by")
    database.run(f"create user {user} {login} '{SECRET}'", f"grant select on {table} to {user}")
    database.made.insert(0, f"drop user {user}")
    mine = database.url.set(username=user, password=SECRET)
    monkeypatch.setenv("SHOP_URL", mine.render_as_string(hide_password=False))
    (part,) = snapshot("orders", shop_of(table=table), ["day", "what"], data)
    assert rows_of([part]) == [("2", "tea")]
    for path in data.rglob("*"):
        assert SECRET not in str(path)
        assert path.is_dir() or SECRET.encode() not in path.read_bytes()
    for source in (shop_of(table="nosuch"), shop_of(query="select nosuch")):
        with pytest.raises(DataError) as caught:
            snapshot("orders", source, ["id"], data)
        assert not secret_of(caught)


# SQLite's files


@pytest.mark.parametrize("address", ["sqlite:///{}/none.db", "sqlite://"])
def test_a_sqlite_file_that_is_not_there_is_not_made(
    tmp_path: Path, data: Path, address: str
) -> None:
    source = shop_of(sql=address.format(tmp_path), table="t")
    assert "there is no SQLite database" in refused(source, data, "id", error=DataError)
    assert list(tmp_path.iterdir()) == []


def test_a_sqlite_file_may_have_any_name_and_is_only_read(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "100% #shop @home"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    with opened("sqlite", folder) as sqlite:
        table = sqlite.make(ORDERS, [(1, 2, "tea")])
        content = (folder / "shop.db").read_bytes()
        source = shop_of(sql=f"sqlite:///{folder.name}/shop.db", table=table)
        assert rows_of(snapshot("orders", source, ["what"], data)) == [("tea",)]
        assert files(folder) == ["shop.db"]
        assert (folder / "shop.db").read_bytes() == content
