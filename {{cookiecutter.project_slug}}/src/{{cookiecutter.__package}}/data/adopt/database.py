"""Which columns a database's table or query gives."""

import sqlalchemy as sa

from ...contract import SqlSource
from ...errors import DataError
from ..database import address, connected
from ..database import columns as given


def columns(name: str, source: SqlSource) -> list[str]:
    """Their names, in order.

    Raises:
        ConfigError: the address cannot be used, or the query is not one select.
        DataError: the database or the table is not there, or the query does not run.
    """
    with connected(name, address(name, source.sql)) as connection:
        if source.query is not None:
            return given(connection, name, source)
        schema, _, table = str(source.table).rpartition(".")
        inspector = sa.inspect(connection)
        if not inspector.has_table(table, schema or None):
            there = inspector.get_table_names(schema or None)
            there += inspector.get_view_names(schema or None)
            raise DataError(
                f"there is no table '{source.table}'; there are"
                f" {', '.join(sorted(there)[:20]) or 'none'}"
            )
        found = inspector.get_columns(table, schema or None)
        return [c["name"] for c in found if not isinstance(c["type"], sa.LargeBinary)]
