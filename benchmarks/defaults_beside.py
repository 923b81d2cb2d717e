"""Writes a dataset's rows for other libraries, or compares what they predicted; prints JSON.

Run with the package of the project in FOLDER: defaults_beside.py FOLDER --export, or FOLDER PEER …
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from default_lightgbm import plain
from flight_delay.config import TrainConfig
from flight_delay.data.dataset import Dataset, current
from flight_delay.data.split import SPLITS
from flight_delay.models.bundle import Bundle, open_bundle
from flight_delay.models.versions import Versions
from flight_delay.training.evaluate import evaluate
from flight_delay.training.rows import bootstrap_of, read_rows


def main(folder: Path, *peers: str) -> None:
    """One of the two."""
    dataset = current(folder / "data")
    exports = "--export" in peers
    found = export(dataset, folder / "rows") if exports else compare(dataset, folder, peers)
    print(json.dumps(found))


def export(dataset: Dataset, folder: Path) -> dict[str, Any]:
    """The features as one gives them to a library, and the labels as numbers."""
    folder.mkdir()
    contract = dataset.contract
    for split in SPLITS:
        rows = read_rows(dataset, split, TrainConfig())
        frame = plain(rows.table.to_pandas(), contract)
        for name in contract.category:
            frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
        frame.assign(target=rows.labels).to_parquet(folder / f"{split}.parquet", index=False)
    about = {"task": contract.task, "categories": [*contract.category]}
    (folder / "about.json").write_text(json.dumps(about), "utf-8")
    return about


def compare(dataset: Dataset, folder: Path, peers: tuple[str, ...]) -> dict[str, Any]:
    """The metric of each on the test rows, paired with that of the newest version."""
    versions = Versions(folder / "bundles", dataset.contract.name)
    bundle = open_bundle(versions.folder / versions.all()[-1].bundle)
    test, task = read_rows(dataset, "test", TrainConfig()), bundle.task
    outputs = {"own": bundle.predict(test.inputs)}
    outputs |= {peer: np.load(folder / "rows" / f"{peer}.npy") for peer in peers}
    scores = {who: task.scores(test.labels, one) for who, one in outputs.items()}
    evaluation = evaluate(scores, bootstrap_of(test, TrainConfig()))
    of: dict[str, dict[str, Any]] = {"own": cost(bundle, test.inputs)}
    for who in outputs:
        of.setdefault(who, {})["value"] = evaluation.values[who][task.main]
        if who != "own":
            gain = evaluation.difference("own", who, task.main)
            text = str(gain) if gain.low <= 0 <= gain.high else f"**{gain}**"
            of[who] |= {"difference": text, "low": gain.low, "high": gain.high}
    kind = bundle.metadata["model"]["kind"]
    if members := bundle.metadata["model"].get("members"):
        kind = f"{kind} of {', '.join(one['name'] for one in members)}"
    return {"of": of, "about": {"metric": task.main, "kind": kind, "rows": len(test)}}


def cost(bundle: Bundle, inputs: Any) -> dict[str, float]:
    """Megabytes of the graph, and microseconds a row."""
    found = {"size_mb": (bundle.path / "model.onnx").stat().st_size / 1e6}
    many = inputs[np.arange(10_000) % len(inputs)]
    for rows in (1, 10_000):
        times = []
        for _ in range(5):
            began = time.perf_counter()
            bundle.predict(many[:rows])
            times.append(time.perf_counter() - began)
        found[f"row_us_{rows}"] = min(times) / rows * 1e6
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
