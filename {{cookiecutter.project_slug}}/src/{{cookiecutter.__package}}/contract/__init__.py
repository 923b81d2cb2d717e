"""The data contract: the raw columns of each source and the one row that everything else sees.

ETL typing and quarantine, encoders, the graph's inputs, the request model, drift columns and
test data are derived from it.
"""

from .row import NUMERIC_TYPES, Column, Contract, Role, load_contract
from .source import (
    READERS,
    ColumnType,
    CsvSource,
    FileSource,
    JsonlSource,
    NumberFormat,
    ParquetSource,
    TableSource,
    kind_of,
    load,
    parse_source,
)
