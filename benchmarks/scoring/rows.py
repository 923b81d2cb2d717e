"""The rows to score, in a process of its own: python -m scoring.rows DATASET REPETITIONS FOLDER.

Every row of a dataset, so many times, each with an id of its own, as Parquet and as CSV. The last
line printed is JSON: how many rows.
"""

import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from flight_delay.data.dataset import Dataset
from flight_delay.data.split import SPLITS


def make(dataset: Dataset, repetitions: int, folder: Path) -> int:
    """Write both files; return the number of rows in each."""
    contract = dataset.contract
    names = list(contract.request)
    table = pa.concat_tables([dataset.read(split).select(names) for split in SPLITS])
    key, place = str(contract.id), names.index(str(contract.id))
    with (
        pq.ParquetWriter(folder / "rows.parquet", table.schema) as parquet,
        pacsv.CSVWriter(folder / "rows.csv", plain(table).schema) as csv,
    ):
        for number in range(repetitions):
            ids = pc.binary_join_element_wise(table[key].cast(pa.string()), str(number), "-")
            part = table.set_column(place, key, ids.cast(table[key].type))
            parquet.write_table(part)
            csv.write_table(plain(part))
    return len(table) * repetitions


def plain(table: pa.Table) -> pa.Table:
    """Texts in place of dictionaries, which the writer of CSV does not know."""
    schema = [
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(schema))


if __name__ == "__main__":
    made = make(Dataset(path=Path(sys.argv[1])), int(sys.argv[2]), Path(sys.argv[3]))
    print(json.dumps({"n_rows": made}))
