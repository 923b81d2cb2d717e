"""The data contract: the raw columns of each source and the one row that everything else sees.

ETL typing and quarantine, encoders, the graph's inputs, the request model, drift columns and
test data are derived from it.
"""

from .column import NUMERIC_TYPES, Column, ColumnType, Mode, Role, Rule
from .part import told_apart
from .row import Contract, load_contract
from .source import CsvSource, ParquetSource, Source, SqlSource

__all__ = [
    "NUMERIC_TYPES",
    "Column",
    "ColumnType",
    "Contract",
    "CsvSource",
    "Mode",
    "ParquetSource",
    "Role",
    "Rule",
    "Source",
    "SqlSource",
    "load_contract",
    "told_apart",
]
