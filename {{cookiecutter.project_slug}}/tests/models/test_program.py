"""The program as a whole, and its last step against numpy's and torch's own."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from {{ cookiecutter.__package }}.models.inputs import Inputs
from {{ cookiecutter.__package }}.models.program import (
    Head,
    Program,
    fit_temperature,
)

RANDOM = np.random.default_rng(0)
LABELS = {
    "binary": (RANDOM.random(200) < 0.2).astype(float),
    "multiclass": RANDOM.choice(3, 200, p=[0.6, 0.3, 0.1]).astype(float),
    "regression": RANDOM.normal(1e4, 300, 200),
}


def test_a_row_is_answered_alike_alone_and_among_others(
    shop_program: Program, shop_inputs: Inputs, no_features: None
) -> None:
    together = shop_program.predict(shop_inputs[:50])
    alone = [shop_program.predict(shop_inputs[i : i + 1]) for i in range(50)]
    assert np.concatenate(alone) == pytest.approx(together, abs=1e-6)


def test_training_on_prepared_rows_sees_what_the_program_sees(
    shop_program: Program, shop_inputs: Inputs, no_features: None
) -> None:
    prepared = shop_program.preprocess.prepare(shop_inputs)
    with torch.no_grad():
        outputs = shop_program.head(shop_program.body(prepared.numbers, prepared.codes))
    assert outputs.tolist() == shop_program.predict(shop_inputs).tolist()


@pytest.mark.parametrize("task", LABELS)
def test_labels_that_are_all_the_same_start_finite(task: str) -> None:
    labels = np.ones(5)
    head = Head(task, labels, 3)
    assert torch.isfinite(head(head.start.unsqueeze(0))).all()
    assert torch.isfinite(head.loss(head.start.repeat(5, 1), torch.from_numpy(labels).float()))


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
    assert float(head.loss(raw, tensor(labels))) == pytest.approx(loss, rel=1e-3)
    members = raw.unsqueeze(1).expand(-1, 4, -1)  # each member learns alone
    assert float(head.loss(members, tensor(labels))) == pytest.approx(loss, rel=1e-3)


@pytest.mark.parametrize("factor", [0.25, 3.0])
def test_the_temperature_is_what_the_logits_were_multiplied_by(factor: float) -> None:
    true = RANDOM.normal(0, 1.5, 20_000)
    came = (RANDOM.random(20_000) < 1 / (1 + np.exp(-true))).astype(float)
    head = Head("binary", came)
    raw = tensor(true * factor).unsqueeze(1)
    fit_temperature(head, raw, tensor(came))
    assert head.temperature.item() == pytest.approx(factor, rel=0.06)
    assert head(raw).mean().item() == pytest.approx(came.mean(), abs=0.01)


def tensor(values: Any) -> Tensor:
    return torch.from_numpy(values).float()
