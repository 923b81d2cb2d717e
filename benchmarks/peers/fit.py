"""Fits one library's defaults to a table, and leaves what it predicts for the test rows.

It prints JSON.

Run in an environment that has the library: fit.py PEER FOLDER
"""

from __future__ import annotations

import json
import logging
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SEED, FLAML_S, AUTOGLUON_S = 0, 60, 120
Predict = Callable[[pd.DataFrame], Any]
Fitted = tuple[Predict, Path]
"""What predicts, and the file or folder that it was saved as."""


class Table:
    """The rows that are learned, those that stop or choose, and those that are asked."""

    def __init__(self, folder: Path) -> None:
        """Read them from what ``defaults_beside.py`` has exported."""
        about = json.loads((folder / "about.json").read_text("utf-8"))
        self.task, self.categories = about["task"], about["categories"]
        splits = ("train", "validation", "test")
        frames = [pd.read_parquet(folder / f"{split}.parquet") for split in splits]
        both = pd.concat(frames[:2])
        for name in self.categories:
            known = pd.CategoricalDtype(sorted(both[name].dropna().unique()))
            frames = [frame.assign(**{name: frame[name].astype(known)}) for frame in frames]
        self.train, self.validation, self.test = frames

    @property
    def both(self) -> pd.DataFrame:
        """Training and validation rows."""
        return pd.concat([self.train, self.validation], ignore_index=True)


def main(peer: str, folder: Path) -> None:
    """Fit, save, predict, and measure each."""
    table = Table(folder)
    with tempfile.TemporaryDirectory() as place:
        began, used = time.perf_counter(), _processor_s()
        predict, saved = PEERS[peer](table, Path(place) / "model")
        found = {"seconds": time.perf_counter() - began, "processor_s": _processor_s() - used}
        asked = table.test.drop(columns="target")
        np.save(folder / f"{peer}.npy", np.asarray(predict(asked), np.float64))
        files = [file for file in (saved, *saved.rglob("*")) if file.is_file()]
        found["size_mb"] = sum(file.stat().st_size for file in files) / 1e6
        many = pd.concat([asked] * (10_000 // len(asked) + 1), ignore_index=True)[:10_000]
        for rows in (1, 10_000):
            times = []
            for _ in range(3):
                began = time.perf_counter()
                predict(many[:rows])
                times.append(time.perf_counter() - began)
            found[f"row_us_{rows}"] = min(times) / rows * 1e6
    print(json.dumps(found))


def _processor_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _of_model(model: Any, table: Table) -> Predict:
    if table.task == "regression":
        return model.predict  # type: ignore[no-any-return]
    if table.task == "binary":
        return lambda rows: np.asarray(model.predict_proba(rows))[:, -1]
    return model.predict_proba  # type: ignore[no-any-return]


def lightgbm(table: Table, place: Path) -> Fitted:
    """scikit-learn's estimator of LightGBM, as it is, on training and validation rows."""
    import lightgbm as library

    regression, rows = table.task == "regression", table.both
    kind = library.LGBMRegressor if regression else library.LGBMClassifier
    model = kind(verbosity=-1, random_state=SEED).fit(rows.drop(columns="target"), rows["target"])
    model.booster_.save_model(place)
    return _of_model(model, table), place


def catboost(table: Table, place: Path, *, refit: bool = False) -> Fitted:
    """CatBoost as it is, stopped on the validation rows; a refit learns them, too."""
    import catboost as library

    kind = library.CatBoostRegressor if table.task == "regression" else library.CatBoostClassifier

    def plain(rows: pd.DataFrame) -> pd.DataFrame:
        texts = {n: rows[n].astype(object).where(rows[n].notna(), "") for n in table.categories}
        return rows.assign(**texts)

    def pool(rows: pd.DataFrame) -> Any:
        features = plain(rows.drop(columns="target"))
        return library.Pool(features, rows["target"], cat_features=table.categories)

    always: dict[str, Any] = {"verbose": False, "random_seed": SEED, "allow_writing_files": False}
    model = kind(**always).fit(pool(table.train), eval_set=pool(table.validation))
    if refit:
        rounds = max(model.tree_count_, 1)
        rate = model.get_all_params()["learning_rate"]
        model = kind(**always, iterations=rounds, learning_rate=rate).fit(pool(table.both))
    model.save_model(str(place))
    predict = _of_model(model, table)
    return lambda rows: predict(plain(rows)), place


def catboost_refit(table: Table, place: Path) -> Fitted:
    """The same, refitted."""
    return catboost(table, place, refit=True)


def flaml(table: Table, place: Path) -> Fitted:
    """FLAML for a minute, validation rows as its own."""
    import pickle

    from flaml import AutoML

    automl, task = AutoML(), "regression" if table.task == "regression" else "classification"
    parts = (rows.drop(columns="target") for rows in (table.train, table.validation))
    train, validation = parts
    automl.fit(
        X_train=train,
        y_train=table.train["target"],
        X_val=validation,
        y_val=table.validation["target"],
        task=task,
        metric={"binary": "roc_auc", "multiclass": "log_loss", "regression": "r2"}[table.task],
        time_budget=FLAML_S,
        seed=SEED,
        verbose=0,
    )
    place.write_bytes(pickle.dumps(automl))
    return _of_model(automl, table), place


def autogluon(table: Table, place: Path) -> Fitted:
    """AutoGluon of medium quality for two minutes."""
    from autogluon.tabular import TabularPredictor

    metric = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "r2"}[table.task]
    predictor = TabularPredictor("target", table.task, metric, path=str(place), verbosity=0)
    predictor.fit(table.both, presets="medium_quality", time_limit=AUTOGLUON_S)
    if table.task == "regression":
        return predictor.predict, place
    if table.task == "binary":
        return lambda rows: predictor.predict_proba(rows).iloc[:, -1], place
    return predictor.predict_proba, place


PEERS = {
    "lightgbm": lightgbm,
    "catboost": catboost,
    "catboost-refit": catboost_refit,
    "flaml": flaml,
    "autogluon": autogluon,
}

if __name__ == "__main__":
    logging.disable(logging.WARNING)
    os.environ["PYTHONWARNINGS"] = "ignore"
    main(sys.argv[1], Path(sys.argv[2]))
