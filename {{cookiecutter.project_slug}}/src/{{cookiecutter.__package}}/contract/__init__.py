"""The data contract: the raw columns of each source and the one row that everything else sees.

ETL typing and quarantine, encoders, the graph's inputs, the request model, drift columns and
test data are derived from it.
"""

from .column import NUMERIC_TYPES, Column, ColumnType, Role, Rule
from .row import Contract, load_contract
from .source import (
    READERS,
    CsvSource,
    FileSource,
    JsonlSource,
    NumberFormat,
    ParquetSource,
    Source,
    TableSource,
    kind_of,
    load,
    parse_source,
)
