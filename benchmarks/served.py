"""The models that are served, and what servers other than the project's are given of them.

Run: served.py PROJECT FOLDER, which hands over what a project serves; the last line is JSON.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from flight_delay.models.bundle import Bundle, open_bundle
from flight_delay.models.versions import Versions
from made import WIDE
from measuring import WORK
from projects import command, project_for
from servers.given import given

N_ROWS, GRAPH_RUNS = 10_000, 2_000
MLP = ("--set", "train.model={kind: mlp}")
NATIVE, RECORDS = "rows.json", "dataframe_records.json"


@dataclass(frozen=True, kw_only=True)
class Model:
    """A trained model that a project serves, and what other servers are given of it."""

    project: Path
    given: Path
    """``model.onnx``, ``given.json`` and a body of each shape."""
    kind: str
    probability: float
    """Of the row that is asked."""
    graph_us: float
    """One run of the graph by itself."""


def prepare(*, quick: bool) -> dict[str, Model]:
    """The flights by the default training, and tables of many columns by a small network."""
    models = {}
    for name in ("flights", *WIDE):
        print(f"model  {name}", flush=True)
        folder = project_for(name, N_ROWS, WORK / "serve" / name.replace(" ", "-"))
        kind = MLP if quick or name in WIDE else ()
        command(folder, "train", *kind, "--set", "train.tracker=none")
        models[name] = hand_over(folder, folder / "given")
    return models


def hand_over(project: Path, folder: Path) -> Model:
    """Write what other servers are given of the version that a project serves."""
    bundle = served(project)
    folder.mkdir()
    shutil.copy(bundle.path / "model.onnx", folder)
    contract, row = bundle.contract, bundle.metadata["typical"]
    columns = {
        name: {
            "type": contract.columns[name].type,
            "nullable": contract.columns[name].nullable or contract.role(name) == "id",
        }
        for name in contract.request
    }
    told = {
        "numeric": contract.numeric,
        "category": contract.category,
        "time": contract.times,
        "columns": columns,
    }
    for file, content in (
        ("given.json", told),
        (NATIVE, {"rows": [row]}),
        (RECORDS, {"dataframe_records": [row]}),
    ):
        (folder / file).write_text(json.dumps(content), "utf-8")
    probability, graph_us = alone(folder, row)
    return Model(
        project=project,
        given=folder,
        kind=bundle.metadata["model"]["kind"],
        probability=probability,
        graph_us=graph_us,
    )


def served(project: Path) -> Bundle:
    """The bundle of the version that serves."""
    for pointer in project.glob("bundles/*/served"):
        versions = Versions(pointer.parents[1], pointer.parent.name)
        if version := versions.served():
            return open_bundle(versions.folder / version.bundle)
    raise SystemExit(f"nothing serves in '{project}': its model did not pass the gate")


def alone(folder: Path, row: Mapping[str, Any]) -> tuple[float, float]:
    """The row's probability, and microseconds of one run of the graph."""
    handed = given(folder)
    feed, times = handed.feed(row), []
    for _ in range(GRAPH_RUNS):
        began = time.perf_counter()
        handed.session.run(None, feed)
        times.append(time.perf_counter() - began)
    return handed.probability(row), median(times) * 1e6


if __name__ == "__main__":
    handed_over = hand_over(Path(sys.argv[1]), Path(sys.argv[2]))
    print(json.dumps({"probability": handed_over.probability}))
