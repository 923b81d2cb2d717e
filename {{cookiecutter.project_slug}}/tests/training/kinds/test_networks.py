"""The networks: shapes, gradients, batch sizes."""

import pytest
import torch
from torch import Tensor, nn

from {{ cookiecutter.__package }}.models.encode import Categories
from {{ cookiecutter.__package }}.training.kinds.linear import Linear
from {{ cookiecutter.__package }}.training.kinds.mlp import Mlp

SIZES = [2, 200]
STARTS = {"binary": (-1.0,), "multiclass": (0.1, 0.2, 0.7)}


def mlp(start: Tensor, width: int = 3) -> Mlp:
    categories = Categories(SIZES, 5)
    return Mlp(width=width, categories=categories, hidden=(8, 4), dropout=0.5, start=start)


def linear(start: Tensor, width: int = 3) -> Linear:
    return Linear(width=width, sizes=SIZES, outputs=len(start))


def rows(n: int, width: int = 3) -> tuple[Tensor, Tensor]:
    return torch.rand(n, width), torch.tensor([[1, 150]] * n)


@pytest.fixture(params=[mlp, linear])
def network(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(0)
    made: nn.Module = request.param(torch.tensor([0.1, 0.2, 0.7]))
    return made


@pytest.mark.parametrize("n", [1, 4, 8])
def test_each_row_has_as_many_raw_values_as_the_head_is_wide(network: nn.Module, n: int) -> None:
    assert network.eval()(*rows(n)).shape == (n, 3)


def test_evaluation_is_repeatable_and_a_row_does_not_see_its_neighbours(network: nn.Module) -> None:
    given = rows(8)
    together = network.eval()(*given)
    alone = [network(given[0][i : i + 1], given[1][i : i + 1]) for i in range(8)]
    assert torch.allclose(torch.cat(alone), together, atol=1e-6)


def test_gradients_reach_every_parameter(network: nn.Module) -> None:
    torch.manual_seed(0)
    numbers, codes = torch.rand(256, 3), torch.stack([torch.arange(256) % n for n in SIZES], 1)
    (network.train()(numbers, codes) ** 2).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_rows_without_numbers_have_their_categories() -> None:
    assert mlp(torch.zeros(1), width=0).eval()(*rows(3, width=0)).shape == (3, 1)


def test_the_last_bias_starts_at_the_heads_start_and_leaves_that_alone() -> None:
    start = torch.tensor([0.2, -3.0])
    last = mlp(start).layers[-1].bias
    assert isinstance(last, Tensor)
    assert torch.equal(last, start)
    with torch.no_grad():
        last += 1
    assert torch.equal(start, torch.tensor([0.2, -3.0]))
