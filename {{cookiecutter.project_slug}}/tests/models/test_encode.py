import pytest
import torch
from torch import Tensor

from {{ cookiecutter.__package }}.models.columns import UNSEEN
from {{ cookiecutter.__package }}.models.encode import (
    Categories,
    Encoder,
    fit_encoder,
)

NAN, INF = float("nan"), float("inf")
FIVE = [0.0, 1.0, 2.0, 3.0, 4.0]


def fitted(values: list[float], bins: int = 4) -> Encoder:
    return fit_encoder(torch.tensor(values).unsqueeze(1), bins)


def encode(encoder: Encoder, *values: float) -> list[list[float]]:
    encoded: Tensor = encoder(torch.tensor(values).unsqueeze(1))
    return [[float(cell) for cell in row] for row in encoded]


def test_a_number_fills_its_bins_from_the_left() -> None:
    assert encode(fitted(FIVE), 0.0, 1.5, 4.0) == [[0, 0, 0, 0], [1, 0.5, 0, 0], [1, 1, 1, 1]]


@pytest.mark.parametrize(("outside", "edge"), [(-5.0, 0.0), (99.0, 4.0), (-1e36, 0.0), (1e36, 4.0)])
def test_what_lies_outside_the_training_range_counts_as_its_edge(
    outside: float, edge: float
) -> None:
    assert encode(fitted(FIVE), outside) == encode(fitted(FIVE), edge)


@pytest.mark.parametrize("gap", [NAN, INF, -INF, 1e38, -1e38])
def test_what_is_no_usable_number_is_zeros_and_a_flag_and_moves_no_bin(gap: float) -> None:
    encoder = fitted([*FIVE, gap])
    assert encode(encoder, gap, 0.0) == [[0, 0, 0, 0, 1], [0, 0, 0, 0, 0]]
    assert encoder.low.tolist() == fitted(FIVE).low.tolist()
    assert encode(fitted(FIVE), gap) == [[0, 0, 0, 0]], "training knew no gap, so there is no flag"


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
