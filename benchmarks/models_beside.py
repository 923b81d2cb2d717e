"""Measures one bundle, or a default LightGBM beside it; prints JSON.

Run with the package of the project in FOLDER: models_beside.py FOLDER BUNDLES [--peer]
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import default_lightgbm
from flight_delay.config import TrainConfig
from flight_delay.data.dataset import current
from flight_delay.models.bundle import Bundle, open_bundle
from flight_delay.models.tasks import task_of
from flight_delay.models.versions import Versions
from flight_delay.training.evaluate import evaluate
from flight_delay.training.rows import bootstrap_of, read_rows

FOLDER, BUNDLES = Path(sys.argv[1]), sys.argv[2]
BLOCK = 10_000


def main() -> None:
    """The bundle's own figures, or those of the peer beside it."""
    dataset = current(FOLDER / "data")
    versions = Versions(FOLDER / BUNDLES, dataset.contract.name)
    bundle = open_bundle(versions.folder / versions.all()[-1].bundle)
    found = beside(bundle, dataset) if "--peer" in sys.argv else own(bundle, versions, dataset)
    print(json.dumps(found))


def own(bundle: Bundle, versions: Versions, dataset: Any) -> dict[str, Any]:
    """Metric, size, parity and speed."""
    main_metric = bundle.task.main
    metric = bundle.metadata["metrics"]["model"][main_metric]
    parity = next(r.measured for r in versions.all()[-1].verdict if r.name == "parity")
    inputs = read_rows(dataset, "test", TrainConfig()).inputs[:BLOCK]
    times = []
    for _ in range(5):
        began = time.perf_counter()
        bundle.predict(inputs)
        times.append(time.perf_counter() - began)
    return {
        "kind": bundle.metadata["model"]["kind"],
        "metric": main_metric,
        "interval": "{value:.4f} [{low:.4f}, {high:.4f}]".format(**metric),
        "size_kb": (bundle.path / "model.onnx").stat().st_size / 1e3,
        "parity": float(parity),
        "row_us": min(times) / len(inputs) * 1e6,
        "block": BLOCK,
    }


def beside(bundle: Bundle, dataset: Any) -> dict[str, Any]:
    """A default LightGBM on the same rows, and what the bundle gains over it."""
    contract = dataset.contract
    task = task_of(contract)
    train, test = (read_rows(dataset, split, TrainConfig()) for split in ("train", "test"))
    began = time.perf_counter()
    peer = default_lightgbm.answers(contract, train, test)
    seconds = time.perf_counter() - began
    outputs = {"auto": bundle.predict(test.inputs), "peer": peer}
    evaluation = evaluate(
        {name: task.scores(test.labels, one) for name, one in outputs.items()},
        bootstrap_of(test, TrainConfig()),
    )
    difference = evaluation.difference("auto", "peer", task.main)
    return {
        "metric": task.main,
        "peer": str(evaluation.interval("peer", task.main)),
        "seconds": seconds,
        "difference": str(difference),
        "high": difference.high,
    }


if __name__ == "__main__":
    main()
