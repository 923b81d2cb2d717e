"""What every server is given: the graph, how its inputs are grouped, and the columns of a row."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

FOLDER = "GIVEN_FOLDER"
"""The environment variable by which a server is told where its graph lies."""
MISSING_CATEGORY, MISSING_TIME = "<missing>", -(2**63)


@dataclass(frozen=True, kw_only=True)
class Given:
    """A session and the columns in the order of its inputs."""

    session: ort.InferenceSession
    numeric: tuple[str, ...]
    category: tuple[str, ...]
    time: tuple[str, ...]
    columns: Mapping[str, Mapping[str, Any]]
    """Type of every column of a row, and whether it may be missing."""

    def answer(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The body that answers a row."""
        return {"predictions": [{"probability": self.probability(row)}]}

    def probability(self, row: Mapping[str, Any]) -> float:
        """One run of the graph."""
        return self.session.run(None, self.feed(row))[0].item()  # type: ignore[no-any-return]

    def feed(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The groups that have columns, of one row."""
        feed = {}
        if self.numeric:
            feed["numeric"] = np.array([[row.get(name) for name in self.numeric]], np.float32)
        if self.category:
            texts = [row.get(name) for name in self.category]
            filled = [MISSING_CATEGORY if text is None else text for text in texts]
            feed["category"] = np.array([filled], object)
        if self.time:
            feed["time"] = np.array([[seconds(row.get(name)) for name in self.time]], np.int64)
        return feed


def seconds(value: str | datetime | None) -> int:
    """Seconds since 1970, of a time that was validated or of its text."""
    if value is None:
        return MISSING_TIME
    return int((datetime.fromisoformat(value) if isinstance(value, str) else value).timestamp())


def given(folder: Path | None = None) -> Given:
    """Open the graph on one thread that does not spin, as the project does."""
    folder = folder or Path(os.environ[FOLDER])
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = ort.InferenceSession(folder / "model.onnx", options, ["CPUExecutionProvider"])
    told = json.loads((folder / "given.json").read_text("utf-8"))
    groups = {group: tuple(told[group]) for group in ("numeric", "category", "time")}
    return Given(session=session, columns=told["columns"], **groups)
