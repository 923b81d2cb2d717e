import numpy as np
import torch

from {{ cookiecutter.__package }}.models.baselines import dummy, linear
from {{ cookiecutter.__package }}.models.metrics import Scores
from {{ cookiecutter.__package }}.models.program import Encoded


def encoded(numbers: torch.Tensor, codes: torch.Tensor) -> Encoded:
    return Encoded(numbers=numbers, codes=codes)


def test_the_dummy_answers_the_base_rate() -> None:
    assert dummy(np.array([1.0, 0, 0, 0]), 3).tolist() == [0.25] * 3


def test_the_line_learns_from_numbers_and_categories() -> None:
    torch.manual_seed(0)
    numbers, codes = torch.rand(2_000, 2), torch.randint(0, 3, (2_000, 1))
    signal = 3 * numbers[:, 0] + 2 * (codes[:, 0] == 2)
    labels = (signal > 2.2).double().numpy()
    rows = encoded(numbers, codes)
    probabilities = linear(rows, labels, rows, [3])
    assert ((probabilities > 0) & (probabilities < 1)).all()
    assert Scores(labels, probabilities).all()["auc"] > 0.98
    without = linear(encoded(numbers, codes[:, :0]), labels, encoded(numbers, codes[:, :0]), [])
    assert Scores(labels, without).all()["auc"] < 0.97


def test_a_code_that_training_did_not_have_is_answered() -> None:
    train = encoded(torch.zeros(4, 0), torch.tensor([[1], [1], [2], [2]]))
    test = encoded(torch.zeros(2, 0), torch.tensor([[0], [2]]))
    unseen, seen = linear(train, np.array([0.0, 0, 1, 1]), test, [3])
    assert unseen < seen
