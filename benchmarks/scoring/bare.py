"""A bare onnxruntime loop: Parquet to arrays, the graph, probabilities to Parquet.

It checks nothing, names no row, and holds whatever it was doing in memory until it is killed.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pyarrow as pa
import pyarrow.parquet as pq
from flight_delay.contract import Contract

BATCH_ROWS = 8_192  # the fastest of 4,096, 8,192, 16,384 and 65,536


def score(bundles: Path, rows: Path, target: Path) -> None:
    """One file to one file."""
    (bundle,) = (path.parent for path in bundles.rglob("model.onnx"))
    contract = Contract.model_validate_json((bundle / "contract.json").read_bytes())
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(bundle / "model.onnx", options, ["CPUExecutionProvider"])
    schema = pa.schema([("probability", pa.float32())])
    with pq.ParquetWriter(target, schema) as writer:
        for batch in pq.ParquetFile(rows).iter_batches(BATCH_ROWS, columns=contract.features):
            (found,) = session.run(None, feed(contract, batch))
            writer.write_table(pa.table({"probability": found}))


def feed(contract: Contract, batch: pa.RecordBatch) -> dict[str, Any]:
    """The graph's inputs; there is no category that is missing."""
    numeric = [batch[name].to_numpy(zero_copy_only=False) for name in contract.numeric]
    time = [batch[name].to_numpy(zero_copy_only=False) for name in contract.times]
    return {
        "numeric": np.column_stack(numeric).astype(np.float32),
        "category": np.column_stack([texts(batch[name]) for name in contract.category]),
        "time": np.column_stack(time).astype("datetime64[s]").astype(np.int64),
    }


def texts(column: pa.DictionaryArray) -> Any:
    """Each distinct text made once."""
    return np.array(column.dictionary.to_pylist(), object)[column.indices.to_numpy()]
