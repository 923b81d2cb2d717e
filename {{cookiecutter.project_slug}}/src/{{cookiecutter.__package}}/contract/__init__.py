"""The data contract: the raw columns of each source and the one row that everything else sees.

ETL typing and quarantine, encoders, the graph's inputs, the request model, drift columns and
test data are derived from it.
"""

from .column import NUMERIC_TYPES as NUMERIC_TYPES
from .column import Column as Column
from .column import ColumnType as ColumnType
from .column import Role as Role
from .column import Rule as Rule
from .row import Contract as Contract
from .row import load_contract as load_contract
from .source import READERS as READERS
from .source import CsvSource as CsvSource
from .source import JsonlSource as JsonlSource
from .source import ParquetSource as ParquetSource
from .source import Source as Source
from .source import kind_of as kind_of
from .source import load as load
from .source import parse_source as parse_source
from .table import FileSource as FileSource
from .table import NumberFormat as NumberFormat
from .table import TableSource as TableSource
