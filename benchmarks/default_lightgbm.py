"""LightGBM as scikit-learn's estimator, with its default settings, on a contract's features."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pandas as pd


def answers(contract: Any, train: Any, asked: Any) -> np.ndarray:
    """Fit on some rows and answer others, as the contract's task wants it."""
    given, wanted = (plain(rows.table.to_pandas(), contract) for rows in (train, asked))
    for name in contract.category:
        known = pd.CategoricalDtype(given[name].dropna().unique())
        given, wanted = (
            frame.assign(**{name: frame[name].astype(known)}) for frame in (given, wanted)
        )
    kind = lightgbm.LGBMRegressor if contract.task == "regression" else lightgbm.LGBMClassifier
    model = kind(verbosity=-1).fit(given, train.labels)
    if contract.task == "regression":
        return np.asarray(model.predict(wanted))
    probabilities = np.asarray(model.predict_proba(wanted))
    return probabilities[:, 1] if contract.task == "binary" else probabilities


def plain(frame: pd.DataFrame, contract: Any) -> pd.DataFrame:
    """The features, as one gives them to LightGBM."""
    kept = frame[list(contract.features)].copy()
    gaps = [name for name in contract.numeric if kept[name].dtype == object]
    kept = kept.astype(dict.fromkeys(gaps, float))  # booleans, of which some are missing
    for name in contract.times:
        local = pd.to_datetime(kept.pop(name), utc=True).dt.tz_convert(contract.timezone)
        kept[f"{name} hour"] = local.dt.hour + local.dt.minute / 60
        kept[f"{name} weekday"] = local.dt.dayofweek
    return kept
