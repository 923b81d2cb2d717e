"""The program as a whole, the encoding of numbers and categories, and the last step of each task."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from {{ cookiecutter.__package }}.models.program import (
    Encoder,
    Head,
    fit_encoder,
)

NAN, INF = float("nan"), float("inf")
FIVE = [0.0, 1.0, 2.0, 3.0, 4.0]
RANDOM = np.random.default_rng(0)
LABELS = {
    "binary": (RANDOM.random(200) < 0.2).astype(float),
    "multiclass": RANDOM.choice(3, 200, p=[0.6, 0.3, 0.1]).astype(float),
    "regression": RANDOM.normal(1e4, 300, 200),
}


@pytest.mark.parametrize("task", LABELS)
def test_outputs_and_loss_are_those_of_the_task(task: str) -> None:
    labels = LABELS[task]
    head = Head(task, labels, 3)
    raw = torch.randn(200, head.width, generator=torch.Generator().manual_seed(0))
    outputs: Any = head(raw).double().numpy()
    values: Any = raw.double().numpy()
    if task == "multiclass":
        expected = np.exp(values) / np.exp(values).sum(1, keepdims=True)
        loss = -np.log(expected[np.arange(200), labels.astype(int)]).mean()
    elif task == "binary":
        expected = 1 / (1 + np.exp(-values[:, 0]))
        loss = -np.log(np.where(labels == 1, expected, 1 - expected)).mean()
    else:
        expected = values[:, 0] * labels.std() + labels.mean()
        loss = ((values[:, 0] - (labels - labels.mean()) / labels.std()) ** 2).mean()
    assert outputs == pytest.approx(expected, rel=1e-5)
    assert float(head.loss(raw, torch.from_numpy(labels).float())) == pytest.approx(loss, rel=1e-3)
    ones = Head(task, np.ones(5), 3)  # labels that are all the same
    assert torch.isfinite(ones(ones.start.unsqueeze(0))).all()
    assert torch.isfinite(ones.loss(ones.start.repeat(5, 1), torch.ones(5)))


def fitted(values: list[float], bins: int = 4) -> Encoder:
    return fit_encoder(torch.tensor(values).unsqueeze(1), bins)


def encode(encoder: Encoder, *values: float) -> list[list[float]]:
    encoded: Tensor = encoder(torch.tensor(values).unsqueeze(1))
    return [[float(cell) for cell in row] for row in encoded]


def test_a_number_fills_its_bins_from_the_left_and_what_is_none_is_a_flag_and_moves_no_bin() -> (
    None
):
    low, middle, high = [0, 0, 0, 0], [1, 0.5, 0, 0], [1, 1, 1, 1]
    assert encode(fitted(FIVE), 0.0, 1.5, 4.0, -1e36, 1e36) == [low, middle, high, low, high]
    for gap in (NAN, INF, -INF, 1e38, -1e38):
        encoder = fitted([*FIVE, gap])
        assert encode(encoder, gap, 0.0) == [[0, 0, 0, 0, 1], [0, 0, 0, 0, 0]]
        assert encoder.low.tolist() == fitted(FIVE).low.tolist()
        assert encode(fitted(FIVE), gap) == [[0, 0, 0, 0]], "training knew no gap: no flag"


@pytest.mark.parametrize(
    "values",
    [[0.0, 1e-45], [-9e36, 9e36], [1.0, 1.0 + 2**-23], [0.0, 0.0, 0.0, 0.0, 1e-44, 1.0]],
    ids=["denormal", "huge", "neighbours", "skewed"],
)
def test_whatever_the_training_values_the_encoding_is_between_0_and_1(values: list[float]) -> None:
    encoder = fitted(values, bins=16)
    encoded = torch.tensor(encode(encoder, *values, 0.5, -1e36, 1e36, INF, NAN))
    assert ((encoded >= 0) & (encoded <= 1)).all()
