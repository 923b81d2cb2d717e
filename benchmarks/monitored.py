"""A served model of 100 columns with a log of one week, and one run of monitoring over it.

Run: python benchmarks/monitored.py make FOLDER ROWS, then … lines|compacted|again|evidently FOLDER.
The last line printed is JSON.
"""

from __future__ import annotations

import gzip
import json
import math
import resource
import shutil
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

NUMBERS, GROUPS, N_REFERENCE, PER_REQUEST = 80, 20, 50_000, 10
MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
WEEK_S = 7 * 86_400


def draw(seed: int, n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers ``[rows, 80]`` with a few gaps, and categories ``[rows, 20]`` of eight values."""
    random = np.random.default_rng(seed)
    numbers = random.normal(size=(n_rows, NUMBERS)).astype(np.float32).round(4)
    numbers[random.random(n_rows) < 0.03, 5] = np.nan
    values = np.array([f"value-{value}" for value in range(8)], object)
    return numbers, values[random.integers(0, 8, (n_rows, GROUPS))]


def names() -> tuple[list[str], list[str]]:
    """Of the numbers, and of the categories."""
    return [f"n{i}" for i in range(NUMBERS)], [f"g{i}" for i in range(GROUPS)]


def make(folder: Path, n_rows: int) -> None:
    """A version that serves, its log as lines, and another as compacted days."""
    if (folder / "done").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    serve(folder)
    for kind in ("lines", "compacted"):
        write_log(folder / kind, n_rows)
    for path in list((folder / "compacted").iterdir()):  # as the option log_retention packs them
        with path.open("rb") as lines, gzip.open(f"{path}.gz", "wb") as packed:
            shutil.copyfileobj(lines, packed)
        path.unlink()
    (folder / "done").touch()


def contract() -> Any:
    """A hundred columns with an id and a time."""
    from flight_delay.contract import Contract

    numbers, groups = names()
    columns: dict[str, Any] = {
        "hit": {"type": "boolean"},
        "row": {"type": "string"},
        "at": {"type": "timestamp"},
    }
    columns |= {name: {"type": "float", "nullable": True} for name in numbers}
    columns |= {name: {"type": "category"} for name in groups}
    head = {"name": "wide", "task": "binary", "target": "hit", "positive": True}
    return Contract.model_validate(
        head
        | {
            "id": "row",
            "time": "at",
            "sources": {"rows": {"csv": "rows.csv"}},
            "columns": columns,
        }
    )


def serve(folder: Path) -> None:
    """A bundle whose graph is the sigmoid of its first number; only its profile matters here."""
    from dataclasses import asdict

    from flight_delay.models.bundle import open_session, predict, write_bundle
    from flight_delay.models.inputs import from_rows
    from flight_delay.models.profile import SCORE, describe
    from flight_delay.models.tasks import task_of
    from flight_delay.models.versions import Versions

    shape, (numbers, groups), (n, g) = contract(), draw(0, N_REFERENCE), names()
    weeks = np.arange(N_REFERENCE) * 14 // N_REFERENCE
    columns = {name: numbers[:, i] for i, name in enumerate(n)}
    columns |= {name: groups[:, i] for i, name in enumerate(g)}
    columns[SCORE] = score(numbers)
    profiles = [asdict(describe(name, column, weeks)) for name, column in columns.items()]
    model = graph(shape)
    task, session = task_of(shape), open_session(model)
    row = dict.fromkeys(shape.features)
    empty = from_rows(shape, [row])
    metadata = {
        "name": "wide",
        "dataset": "none",
        "contract": shape.hash,
        "git": {"commit": None, "dirty": False},
        "metrics": {"model": {task.main: {"value": 0.7, "low": 0.6, "high": 0.8}}},
        "threshold": 0.5,
        "golden": {"rows": [row], "predictions": predict(session, empty, task).tolist()},
        "typical": row,
        "settings": {},
        "libraries": {},
    }
    versions = Versions(folder / "bundles", "wide")
    profile = {"rows": N_REFERENCE, "window_days": 7, "columns": profiles}
    files = {
        "model.onnx": model,
        "contract.json": shape.text.encode(),
        "metadata.json": json.dumps(metadata).encode(),
        "profile.json": json.dumps(profile).encode(),
    }
    path = write_bundle(versions.folder, files)
    version = versions.register(path.name, [])
    versions.serve(version, action="promote", why="a benchmark")


def graph(shape: Any) -> bytes:
    """Sigmoid of the first number, or a half where that is missing."""
    from onnx import TensorProto, helper, numpy_helper

    widths = {"numeric": (TensorProto.FLOAT, len(shape.numeric))}
    widths["category"] = (TensorProto.STRING, len(shape.category))
    widths["time"] = (TensorProto.INT64, len(shape.times))
    inputs = [
        helper.make_tensor_value_info(name, kind, ["batch", width])
        for name, (kind, width) in widths.items()
    ]
    nodes = [
        helper.make_node("Gather", ["numeric", "first"], ["number"], axis=1),
        helper.make_node("IsNaN", ["number"], ["missing"]),
        helper.make_node("Where", ["missing", "zero", "number"], ["known"]),
        helper.make_node("Sigmoid", ["known"], ["probability"]),
    ]
    constants = [
        numpy_helper.from_array(np.array(0, np.int64), "first"),
        numpy_helper.from_array(np.array(0, np.float32), "zero"),
    ]
    outputs = [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["batch"])]
    made = helper.make_graph(nodes, "wide", inputs, outputs, constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return bytes(model.SerializeToString())


def score(numbers: np.ndarray) -> np.ndarray:
    """What the graph answers."""
    return 1 / (1 + np.exp(-numbers[:, 0].astype(np.float64)))


def write_log(folder: Path, n_rows: int) -> None:
    """Requests of ten rows, a segment for each day of a week."""
    from pydantic_core import to_json

    folder.mkdir(parents=True)
    (n, g), part, number = names(), n_rows // 70, 0
    for start in range(0, n_rows, part):
        numbers, groups = draw(1 + start, min(part, n_rows - start))
        texts = [
            [None if math.isnan(v) else v for v in row]
            for row in numbers.astype(float).round(4).tolist()
        ]
        answers, lines = score(numbers).tolist(), []
        for first in range(0, len(texts), PER_REQUEST):
            rows = []
            for i in range(first, min(first + PER_REQUEST, len(texts))):
                at = MONDAY + timedelta(seconds=number * WEEK_S / n_rows)
                row = {"row": f"row-{number}", "at": at}
                row |= dict(zip(n, texts[i], strict=True))
                rows.append(row | dict(zip(g, groups[i].tolist(), strict=True)))
                number += 1
            shared = {"request_id": f"r-{number}", "time": at, "model": "wide", "version": 1}
            given = {"rows": rows, "probability": answers[first : first + PER_REQUEST]}
            lines.append(to_json({**shared, "route": "/predict", **given}) + b"\n")
        with (folder / f"predictions-{at.date()}-1.jsonl").open("ab") as file:
            file.writelines(lines)


def monitor(folder: Path, kind: str, *, again: bool) -> None:
    """One run, with a new history or with the last one's."""
    from flight_delay.config import Config
    from flight_delay.monitoring import job

    job.SINKS.clear()
    if not again:
        shutil.rmtree(folder / "history", ignore_errors=True)
    settings = {
        "data": {
            "directory": folder / "data",
            "driving": "rows",
            "split": {"validation_from": "2023-11-01", "test_from": "2023-12-01"},
        },
        "train": {"bundles": folder / "bundles"},
        "serve": {"bundles": folder / "bundles", "log": folder / kind},
        "monitor": {
            "log": folder / kind,
            "history": folder / "history",
            "reports": folder / "reports",
        },
    }
    job.run(Config.model_validate(settings), "wide")


def evidently(folder: Path) -> None:
    """The preset as it comes, on as many rows as the log has."""
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    n, g = names()
    n_rows = int(folder.name.partition("-")[2])
    frames = []
    for seed, rows in ((1, n_rows), (0, n_rows // 20)):
        numbers, groups = draw(seed, rows)
        frames.append(
            pd.concat([pd.DataFrame(numbers, columns=n), pd.DataFrame(groups, columns=g)], axis=1)
        )
    definition = DataDefinition(numerical_columns=n, categorical_columns=g)
    current, reference = (Dataset.from_pandas(frame, definition) for frame in frames)
    Report([DataDriftPreset()]).run(current, reference).dict()


def main() -> None:
    """Do what was asked for; print seconds and memory."""
    task, folder = sys.argv[1], Path(sys.argv[2])
    start = time.perf_counter()
    if task == "make":
        make(folder, int(sys.argv[3]))
    elif task == "evidently":
        evidently(folder)
    else:
        monitor(folder, "lines" if task == "again" else task, again=task == "again")
    used = resource.getrusage(resource.RUSAGE_SELF)
    found = {
        "wall_s": time.perf_counter() - start,
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_mib": used.ru_maxrss / 1024,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
