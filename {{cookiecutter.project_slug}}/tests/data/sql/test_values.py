"""What a database holds becomes text."""

from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.errors import DataError

from .databases import SERVERS, Database, files, refused, rows_of, shop_of, snapshot


def test_texts_and_numbers_and_nulls_come_through(database: Database, data: Path) -> None:
    columns = {"a": "varchar(20)", "b": "integer", "c": "double precision", "d": "bigint"}
    rows = [("Zoë 🛒", -7, 0.1, 2**53 + 1), ("", 0, 1e300, -(2**63)), (None,) * 4]
    source = shop_of(table=database.make(columns, rows))
    assert rows_of(snapshot("orders", source, columns, data)) == [
        ("Zoë 🛒", "-7", "0.1", "9007199254740993"),
        ("", "0", "1e+300", "-9223372036854775808"),
        (None, None, None, None),
    ]


VALUES: list[tuple[str, str, str, str | None]] = [
    ("sqlite", "numeric", "12.50", "12.5"),
    ("sqlite", "integer", "'no number'", "no number"),
    ("sqlite", "real", "9e999", "inf"),
    ("postgresql", "numeric", "1e-20", "0.00000000000000000001"),
    ("postgresql", "numeric", "'NaN'", "NaN"),
    ("postgresql", "double precision", "'NaN'", "nan"),
    ("postgresql", "boolean", "true", "true"),
    ("postgresql", "date", "'2024-03-01'", "2024-03-01"),
    ("postgresql", "timestamp", "'2024-03-01 12:00:00.25'", "2024-03-01T12:00:00.250000"),
    ("postgresql", "timestamptz", "'2024-07-01 12:00+02'", "2024-07-01T10:00:00+00:00"),
    ("postgresql", "interval", "'1 day 2 hours'", "1 day, 2:00:00"),
    ("postgresql", "jsonb", """'{"é": [1, null]}'""", '{"é": [1, null]}'),
    ("postgresql", "integer[]", "'{1,2}'", "[1, 2]"),
    ("mariadb", "decimal(30,20)", "1e-20", "0.00000000000000000001"),
    ("mariadb", "tinyint(1)", "true", "1"),
    ("mariadb", "bigint unsigned", "18446744073709551615", "18446744073709551615"),
    ("mariadb", "datetime(6)", "'2024-03-01 12:00:00.25'", "2024-03-01T12:00:00.250000"),
    ("mariadb", "timestamp", "from_unixtime(1709290800)", "2024-03-01T11:00:00+00:00"),
    ("mariadb", "time", "'23:59:58'", "23:59:58"),
    ("mariadb", "json", """'{"é": 1}'""", '{"é": 1}'),
    ("mariadb", "text character set latin1", "'é'", "é"),
]


def test_every_type_has_its_text(database: Database, data: Path) -> None:
    mine = [(kind, value, text) for name, kind, value, text in VALUES if name == database.kind]
    columns = {f"c{place:02}": kind for place, (kind, _, _) in enumerate(mine)}
    table = database.make(columns)
    database.run(f"insert into {table} values ({', '.join(value for _, value, _ in mine)})")
    (row,) = rows_of(snapshot("orders", shop_of(table=table), columns, data))
    assert row == tuple(text for _, _, text in mine)


def test_bytes_are_refused_by_the_columns_name(database: Database, data: Path) -> None:
    columns = {"id": "integer", "photo": database.typed("blob", "bytea", "blob")}
    source = shop_of(table=database.make(columns, [(1, b"\xff")]))
    message = refused(source, data, *columns, error=DataError)
    assert message.startswith("column 'photo' holds bytes")
    assert files(data) == []


@pytest.mark.parametrize("database", SERVERS, indirect=True)
def test_the_sessions_zone_does_not_change_a_text(
    database: Database, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone = database.typed("", "-c timezone=Asia/Tokyo", "set time_zone = '+09:00'")
    far = database.url.set(query={database.typed("", "options", "init_command"): zone})
    monkeypatch.setenv("SHOP_URL", far.render_as_string(hide_password=False))
    table = database.make({"at": database.typed("", "timestamptz", "timestamp null")})
    moment = database.typed("", "to_timestamp", "from_unixtime")
    database.run(f"insert into {table} values ({moment}(1709290800))")
    parts = snapshot("orders", shop_of(table=table), ["at"], data)
    assert rows_of(parts) == [("2024-03-01T11:00:00+00:00",)]
