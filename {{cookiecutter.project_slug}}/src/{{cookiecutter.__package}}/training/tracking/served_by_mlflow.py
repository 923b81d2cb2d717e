"""How MLflow opens a logged model: this file is copied beside the interchange graph and stands alone.

MLflow's own ONNX flavour passes text as pandas keeps it, which onnxruntime does not take.
"""

import numpy as np
import onnxruntime as ort
import pandas as pd

# The type of an input, and what a gap becomes in it; models.inputs says the same.
GAPS = {
    "tensor(float)": (np.float32, np.nan),
    "tensor(string)": (object, "<missing>"),
    "tensor(int64)": (np.int64, -(2**63)),
}


class Columns:
    """Columns in, columns out, named as in the graph."""

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Answer rows; further columns are ignored."""
        feed = {}
        for given in self._session.get_inputs():
            kind, gap = GAPS[given.type]
            cells = zip(rows[given.name], rows[given.name].isna(), strict=True)
            feed[given.name] = np.array([gap if none else cell for cell, none in cells], kind)
        names = [output.name for output in self._session.get_outputs()]
        return pd.DataFrame(dict(zip(names, self._session.run(names, feed), strict=True)))


def _load_pyfunc(path: str) -> Columns:
    """What MLflow calls."""
    return Columns(ort.InferenceSession(path, providers=["CPUExecutionProvider"]))
