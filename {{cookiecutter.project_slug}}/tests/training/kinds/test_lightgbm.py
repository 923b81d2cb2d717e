"""Trees: thresholds, gaps, and what a text holds."""

import lightgbm
import numpy as np
import torch

from {{ cookiecutter.__package }}.models.preprocess import Prepared
from {{ cookiecutter.__package }}.models.trees import Matrices
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


def test_a_gap_stays_where_training_had_gaps_and_is_the_median_elsewhere() -> None:
    numbers = torch.tensor([[1.0, 1.0], [2.0, NAN], [9.0, 3.0]])
    matrices = Matrices(Prepared(numbers=numbers, codes=torch.zeros(3, 1, dtype=torch.int64)))
    rows = torch.tensor([[NAN, NAN], [INF, 1e38], [5.0, 5.0]])
    expected = torch.tensor([[2.0, NAN, 7.0], [2.0, NAN, 7.0], [5.0, 5.0, 7.0]])
    actual = matrices(rows, torch.full((3, 1), 7))
    assert torch.equal(torch.nan_to_num(actual, -1), torch.nan_to_num(expected, -1))
