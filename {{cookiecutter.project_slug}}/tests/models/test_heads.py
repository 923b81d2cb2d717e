"""The last step of the program against torch's and numpy's own."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from {{ cookiecutter.__package }}.models.heads import (
    Head,
    fit_temperature,
    make_head,
)

RANDOM = np.random.default_rng(0)
LABELS = {
    "binary": (RANDOM.random(200) < 0.2).astype(float),
    "multiclass": RANDOM.choice(3, 200, p=[0.6, 0.3, 0.1]).astype(float),
    "regression": RANDOM.normal(1e4, 300, 200),
}
WIDTHS = {"binary": 1, "multiclass": 3, "regression": 1}


def head_of(task: str) -> Head:
    return make_head(task, LABELS[task], WIDTHS[task])


def raw(task: str, n_rows: int = 200) -> Tensor:
    return torch.randn(n_rows, WIDTHS[task], generator=torch.Generator().manual_seed(0))


def labels(task: str) -> Tensor:
    return torch.from_numpy(LABELS[task]).float()


@pytest.mark.parametrize(
    ("task", "values"), [("binary", [1.0]), ("multiclass", [1.0]), ("regression", [7.0])]
)
def test_labels_that_are_all_the_same_start_finite(task: str, values: list[float]) -> None:
    head = make_head(task, np.array(values * 5), 3)
    outputs = head(head.start.unsqueeze(0))
    assert torch.isfinite(head.start).all()
    assert torch.isfinite(outputs).all()
    assert torch.isfinite(head.loss(head.start.repeat(5, 1), torch.tensor(values * 5)))


def test_a_binary_head_is_a_sigmoid_with_its_log_loss() -> None:
    head, given = head_of("binary"), raw("binary")
    assert torch.equal(head(given), torch.sigmoid(given[:, 0]))
    p, y = head(given).double().numpy(), LABELS["binary"]
    expected = -(y * np.log(p) + (1 - y) * np.log1p(-p)).mean()
    assert head.loss(given, labels("binary")).item() == pytest.approx(expected, rel=1e-5)


def test_a_multiclass_head_is_a_softmax_with_its_log_loss() -> None:
    head, given = head_of("multiclass"), raw("multiclass")
    assert torch.allclose(head(given).sum(1), torch.ones(200))
    assert torch.equal(head(given).argmax(1), given.argmax(1))
    expected = functional.nll_loss(functional.log_softmax(given, 1), labels("multiclass").long())
    assert head.loss(given, labels("multiclass")).item() == pytest.approx(expected.item())


def test_a_regression_head_standardises() -> None:
    head, given = head_of("regression"), raw("regression")
    mean, deviation = LABELS["regression"].mean(), LABELS["regression"].std()
    assert head(given).numpy() == pytest.approx(given[:, 0].numpy() * deviation + mean, rel=1e-5)
    expected = ((given[:, 0].numpy() - (LABELS["regression"] - mean) / deviation) ** 2).mean()
    assert head.loss(given, labels("regression")).item() == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("factor", [0.25, 1.0, 3.0])
def test_the_temperature_is_what_the_logits_were_multiplied_by(factor: float) -> None:
    true = RANDOM.normal(0, 1.5, 20_000)
    came = (RANDOM.random(20_000) < 1 / (1 + np.exp(-true))).astype(float)
    head = make_head("binary", came, 0)
    raw = torch.from_numpy(true * factor).float().unsqueeze(1)
    fit_temperature(head, raw, torch.from_numpy(came).float())
    assert head.temperature.item() == pytest.approx(factor, rel=0.06)
    assert head(raw).mean().item() == pytest.approx(came.mean(), abs=0.01)
