"""Trees: thresholds, gaps, and what a text holds."""

import lightgbm
import numpy as np

from {{ cookiecutter.__package }}.training.kinds.lightgbm import (
    floor_thresholds,
)

NAN, INF = float("nan"), float("inf")


def test_a_floored_model_answers_as_before_on_every_float32() -> None:
    random = np.random.default_rng(0)
    near = (1e9 + random.integers(0, 4_000, (4_000, 1))).astype(np.float32)
    labels = (near[:, 0] % 512 > 200).astype(float)
    settings = {"objective": "binary", "verbosity": -1, "num_threads": 1}
    booster = lightgbm.train(settings, lightgbm.Dataset(near, labels), 20)
    floored = lightgbm.Booster(model_str=floor_thresholds(booster.model_to_string()))
    exact, down = (one.trees_to_dataframe()["threshold"].dropna() for one in (booster, floored))
    assert all(np.float32(value) == value for value in down)
    assert any(value != before for value, before in zip(down, exact, strict=True))
    edges = np.array(down, np.float32)[:, None]
    around = np.vstack([near, edges, np.nextafter(edges, np.float32(np.inf))])
    assert np.array_equal(booster.predict(around), floored.predict(around))
