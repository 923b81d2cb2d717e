"""The data contract: the raw columns of each source and the one row that everything else sees.

ETL typing and quarantine, encoders, the graph's inputs, the request model, drift columns and
test data are derived from it.
"""

from .column import NUMERIC_TYPES, Column, ColumnType, Mode, Role, Rule
from .row import Contract, load_contract
from .source import (
    READERS,
    CsvSource,
    JsonlSource,
    ParquetSource,
    Source,
    kind_of,
    load,
    parse_source,
)
from .table import FileSource, NumberFormat, TableSource

__all__ = [
    "NUMERIC_TYPES",
    "READERS",
    "Column",
    "ColumnType",
    "Contract",
    "CsvSource",
    "FileSource",
    "JsonlSource",
    "Mode",
    "NumberFormat",
    "ParquetSource",
    "Role",
    "Rule",
    "Source",
    "TableSource",
    "kind_of",
    "load",
    "load_contract",
    "parse_source",
]
