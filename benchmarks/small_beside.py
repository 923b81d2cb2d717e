"""The default and a default LightGBM on few rows, by repeated cross-validation; prints JSON.

Run with the package of the project in FOLDER: small_beside.py FOLDER REPEATS
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import default_lightgbm
import numpy as np
import pyarrow as pa
from flight_delay.config import TrainConfig
from flight_delay.data.dataset import current
from flight_delay.models.intervals import Bootstrap
from flight_delay.models.tasks import task_of
from flight_delay.training.evaluate import evaluate
from flight_delay.training.race import race
from flight_delay.training.rows import Rows, make_rows, read_rows
from sklearn.model_selection import KFold, StratifiedKFold

FOLDS, VALIDATION = 3, 5  # one row in so many is held out; one in so many of the rest is validation


def main(folder: Path, n_repeats: int) -> None:
    """Every row is answered once in each repeat, by models that have not seen it."""
    dataset = current(folder / "data")
    contract, task = dataset.contract, task_of(dataset.contract)
    parts = [read_rows(dataset, split, TrainConfig()) for split in ("train", "validation", "test")]
    rows = make_rows(contract, pa.concat_tables([part.table for part in parts]), {"by": "hash"})
    splitter = KFold if contract.task == "regression" else StratifiedKFold
    winners: Counter[str] = Counter()
    differences, values, seconds = [], [], []
    for repeat in range(n_repeats):
        answered: dict[str, Any] = {}
        folds = splitter(FOLDS, shuffle=True, random_state=repeat)
        for given, held in folds.split(rows.labels, rows.labels):
            learned, asked = rows[given], rows[held]
            began = time.perf_counter()
            with contextlib.redirect_stdout(io.StringIO()):
                winner, _ = race(TrainConfig(), *halves(learned))
            seconds.append(time.perf_counter() - began)
            winners[winner.choice.kind] += 1
            found = {
                "auto": winner.program.predict(asked.inputs),
                "peer": default_lightgbm.answers(contract, learned, asked),
            }
            for name, outputs in found.items():
                whole = answered.setdefault(name, np.empty((len(rows), *outputs.shape[1:])))
                whole[held] = outputs
        block = np.arange(len(rows))
        evaluation = evaluate(
            {name: task.scores(rows.labels, outputs) for name, outputs in answered.items()},
            Bootstrap(block=block, unit="rows", resamples=1000, confidence=0.95, seed=repeat),
        )
        differences.append(evaluation.difference("auto", "peer", task.main))
        values.append([evaluation.values[name][task.main] for name in ("auto", "peer")])
    auto, peer = np.mean(values, 0)
    print(
        json.dumps(
            {
                "rows": len(rows),
                "metric": task.main,
                "auto": auto,
                "peer": peer,
                "low": float(np.mean([found.low for found in differences])),
                "high": float(np.mean([found.high for found in differences])),
                "winners": dict(winners.most_common()),
                "seconds": float(np.median(seconds)),
            }
        )
    )


def halves(rows: Rows) -> tuple[Rows, Rows]:
    """Training and validation rows, as a dataset has them; the race joins few rows again."""
    held = np.arange(len(rows)) % VALIDATION == 0
    return rows[np.flatnonzero(~held)], rows[np.flatnonzero(held)]


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
