"""Calibration against what is known of the probabilities' faults."""

import numpy as np
import pytest
import torch

from {{ cookiecutter.__package }}.models.calibration import (
    Isotonic,
    fit_temperature,
)
from {{ cookiecutter.__package }}.models.heads import make_head

RANDOM = np.random.default_rng(0)
TRUE = RANDOM.normal(0, 1.5, 20_000)
LABELS = (RANDOM.random(20_000) < 1 / (1 + np.exp(-TRUE))).astype(float)


@pytest.mark.parametrize("factor", [0.25, 1.0, 3.0])
def test_the_temperature_is_what_the_logits_were_multiplied_by(factor: float) -> None:
    head = make_head("binary", LABELS, 0)
    raw = torch.from_numpy(TRUE * factor).float().unsqueeze(1)
    fit_temperature(head, raw, torch.from_numpy(LABELS).float())
    assert head.temperature.item() == pytest.approx(factor, rel=0.06)
    assert head(raw).mean().item() == pytest.approx(LABELS.mean(), abs=0.01)


def test_an_isotonic_curve_mends_what_is_not_linear_and_keeps_the_order() -> None:
    true = 1 / (1 + np.exp(-TRUE))
    given = true**3
    made = Isotonic(given, LABELS)
    found = made(torch.from_numpy(given).float()).numpy()
    assert np.abs(found - true).mean() < 0.02
    order = np.argsort(given)
    assert (np.diff(found[order]) >= -1e-6).all()
    assert ((found >= 0) & (found <= 1)).all()


def test_an_isotonic_curve_never_jumps() -> None:
    made = Isotonic(1 / (1 + np.exp(-TRUE)), LABELS)
    fine = made(torch.linspace(0, 1, 200_001))
    assert fine.diff().abs().max() < 0.01


def test_classes_still_sum_to_one() -> None:
    probabilities = RANDOM.dirichlet([1, 2, 3], 3_000)
    labels = np.array([RANDOM.choice(3, p=row**2 / (row**2).sum()) for row in probabilities])
    made = Isotonic(probabilities, labels.astype(float))
    found = made(torch.from_numpy(probabilities).float()).numpy()
    assert found.sum(1) == pytest.approx(np.ones(3_000), abs=1e-5)
    assert found.mean(0) == pytest.approx(np.bincount(labels) / 3_000, abs=0.02)


def test_labels_all_alike_are_calibrated_too() -> None:
    made = Isotonic(np.array([0.2, 0.4, 0.4]), np.zeros(3))
    assert made(torch.tensor([0.0, 0.3, 1.0])).tolist() == [0, 0, 0]
