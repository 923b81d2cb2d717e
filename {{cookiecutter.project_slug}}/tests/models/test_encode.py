import numpy as np
import pytest
import torch
from torch import Tensor

from {{ cookiecutter.__package }}.models.columns import UNSEEN
from {{ cookiecutter.__package }}.models.encode import (
    Categories,
    Encoder,
    fit_encoder,
)
from {{ cookiecutter.__package }}.models.preprocess import (
    encode_texts,
    fit_vocabulary,
)
from {{ cookiecutter.__package }}.values import MISSING_CATEGORY

NAN, INF = float("nan"), float("inf")


def fitted(values: list[float], bins: int = 4) -> Encoder:
    return fit_encoder(torch.tensor(values).unsqueeze(1), bins)


def encode(encoder: Encoder, *values: float) -> list[list[float]]:
    encoded: Tensor = encoder(torch.tensor(values).unsqueeze(1))
    return [[float(cell) for cell in row] for row in encoded]


def test_a_number_fills_its_bins_from_the_left() -> None:
    encoder = fitted([0.0, 1.0, 2.0, 3.0, 4.0])
    assert encode(encoder, 0.0, 1.5, 4.0) == [[0, 0, 0, 0], [1, 0.5, 0, 0], [1, 1, 1, 1]]


@pytest.mark.parametrize(("outside", "edge"), [(-5.0, 0.0), (99.0, 4.0), (-1e36, 0.0), (1e36, 4.0)])
def test_what_lies_outside_the_training_range_counts_as_its_edge(
    outside: float, edge: float
) -> None:
    encoder = fitted([0.0, 1.0, 2.0, 3.0, 4.0])
    assert encode(encoder, outside) == encode(encoder, edge)


@pytest.mark.parametrize("gap", [NAN, INF, -INF, 1e38, -1e38])
def test_what_is_no_usable_number_is_zeros_and_a_flag(gap: float) -> None:
    encoder = fitted([0.0, 1.0, 2.0, 3.0, 4.0, NAN])
    assert encode(encoder, gap) == [[0, 0, 0, 0, 1]]
    assert encode(encoder, 0.0) == [[0, 0, 0, 0, 0]]


@pytest.mark.parametrize("gap", [INF, -INF, 1e38])
def test_what_is_no_usable_number_does_not_move_the_bins(gap: float) -> None:
    clean, dirty = fitted([0.0, 1.0, 2.0, 3.0, 4.0]), fitted([0.0, gap, 1.0, 2.0, 3.0, 4.0])
    assert dirty.low.tolist() == clean.low.tolist()
    assert dirty.size == clean.size + 1


def test_a_column_without_gaps_in_training_has_no_flag() -> None:
    assert encode(fitted([0.0, 4.0]), NAN) == [[0, 0, 0, 0]]


def test_a_constant_column_tells_only_whether_it_is_missing() -> None:
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


def texts(*values: str) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    return np.array(values, object)


def test_a_vocabulary_is_the_frequent_values_most_frequent_first() -> None:
    values = texts(*["b"] * 12, *["c"] * 30, *["a"] * 12, *["rare"] * 9)
    assert fit_vocabulary(values) == ["c", "a", "b", MISSING_CATEGORY]


def test_texts_that_differ_in_their_last_null_character_are_two_values() -> None:
    assert fit_vocabulary(texts(*["a"] * 20, *["a\0"] * 10)) == ["a", "a\0", MISSING_CATEGORY]


def test_a_value_that_training_did_not_see_has_the_reserved_code() -> None:
    category = np.array([["a", "x"], ["new", MISSING_CATEGORY], ["", "new"]], object)
    coded = encode_texts([["a", MISSING_CATEGORY], ["x", MISSING_CATEGORY]], category)
    assert coded.tolist() == [[1, 1], [UNSEEN, 2], [UNSEEN, UNSEEN]]


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
