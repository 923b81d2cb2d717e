"""The program as a whole, the encoding of numbers and categories, and the last step of each task."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from {{ cookiecutter.__package }}.models.columns import UNSEEN
from {{ cookiecutter.__package }}.models.inputs import Inputs
from {{ cookiecutter.__package }}.models.program import (
    Categories,
    Encoder,
    Head,
    Program,
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


def test_training_on_prepared_rows_sees_what_the_program_sees(
    shop_program: Program, shop_inputs: Inputs, no_features: None
) -> None:
    prepared = shop_program.preprocess.prepare(shop_inputs)
    with torch.no_grad():
        outputs = shop_program.head(shop_program.body(prepared.numbers, prepared.codes))
    assert outputs.tolist() == shop_program.predict(shop_inputs).tolist()


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
    ones = Head(task, np.ones(5), 3)  # labels that are all the same
    assert torch.isfinite(ones(ones.start.unsqueeze(0))).all()
    assert torch.isfinite(ones.loss(ones.start.repeat(5, 1), torch.ones(5)))


def tensor(values: Any) -> Tensor:
    return torch.from_numpy(values).float()


def fitted(values: list[float], bins: int = 4) -> Encoder:
    return fit_encoder(torch.tensor(values).unsqueeze(1), bins)


def encode(encoder: Encoder, *values: float) -> list[list[float]]:
    encoded: Tensor = encoder(torch.tensor(values).unsqueeze(1))
    return [[float(cell) for cell in row] for row in encoded]


def test_a_number_fills_its_bins_from_the_left_and_counts_as_an_edge_outside() -> None:
    encoded = encode(fitted(FIVE), 0.0, 1.5, 4.0)
    assert encoded == [[0, 0, 0, 0], [1, 0.5, 0, 0], [1, 1, 1, 1]]
    low, high = encoded[0], encoded[-1]
    assert encode(fitted(FIVE), -5.0, 99.0, -1e36, 1e36) == [low, high, low, high]


def test_what_is_no_usable_number_is_zeros_and_a_flag_and_moves_no_bin() -> None:
    for gap in (NAN, INF, -INF, 1e38, -1e38):
        encoder = fitted([*FIVE, gap])
        assert encode(encoder, gap, 0.0) == [[0, 0, 0, 0, 1], [0, 0, 0, 0, 0]]
        assert encoder.low.tolist() == fitted(FIVE).low.tolist()
        assert encode(fitted(FIVE), gap) == [[0, 0, 0, 0]], "training knew no gap: no flag"


def test_a_constant_column_says_only_whether_it_is_missing() -> None:
    assert fitted([7.0, 7.0, 7.0]).size == 0
    assert encode(fitted([7.0, 7.0, NAN]), 7.0, 8.0, NAN) == [[0], [0], [1]]


@pytest.mark.parametrize(
    "values",
    [[0.0, 1e-45], [-9e36, 9e36], [1.0, 1.0 + 2**-23], [0.0, 0.0, 0.0, 0.0, 1e-44, 1.0]],
    ids=["denormal", "huge", "neighbours", "skewed"],
)
def test_whatever_the_training_values_the_encoding_is_between_0_and_1(values: list[float]) -> None:
    encoder = fitted(values, bins=16)
    encoded = torch.tensor(encode(encoder, *values, 0.5, -1e36, 1e36, INF, NAN))
    assert ((encoded >= 0) & (encoded <= 1)).all()


def test_the_code_of_unseen_values_is_learned_in_training_only() -> None:
    torch.manual_seed(0)
    made, coded = Categories([2, 200], 5, unseen_rate=1.0), torch.tensor([[1, 150]] * 64)
    made(coded).sum().backward()
    gradient = next(iter(made.parameters())).grad
    assert gradient is not None
    assert gradient[UNSEEN].abs().sum() > 0
    assert gradient[1].abs().sum() == 0
    made.eval()
    assert not torch.allclose(made(coded), made(torch.full_like(coded, UNSEEN)))
