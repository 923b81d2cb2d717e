"""How MLflow opens a logged model: this file is copied beside the bundle's graph and stands alone.

MLflow's own ONNX flavour knows no groups of columns, and passes text as pandas keeps it.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pandas as pd

# The type of a group, and what a gap becomes in it; models.inputs says the same.
GAPS = {
    "numeric": (np.float32, np.nan),
    "category": (object, "<missing>"),
    "time": (np.int64, -(2**63)),
}


class Columns:
    """Columns in, columns out, named as in the contract."""

    def __init__(self, folder: Path) -> None:
        names: dict[str, Any] = json.loads((folder / "columns.json").read_text())
        self._groups, self._outputs = names["inputs"], names["outputs"]
        self._session = ort.InferenceSession(
            folder / "model.onnx", providers=["CPUExecutionProvider"]
        )

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Predict rows; further columns are ignored."""
        feed = {}
        for group, names in self._groups.items():
            kind, gap = GAPS[group]
            columns = rows[names].astype(object)
            feed[group] = columns.where(columns.notna(), gap).to_numpy().astype(kind)
        (outputs,) = self._session.run(None, feed)
        return pd.DataFrame(outputs.reshape(len(rows), -1), columns=self._outputs)


def _load_pyfunc(path: str) -> Columns:
    """What MLflow calls."""
    return Columns(Path(path))
