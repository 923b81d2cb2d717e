import pytest
import torch
from torch import Tensor

from {{ cookiecutter.__package }}.models.encode import UNSEEN
from {{ cookiecutter.__package }}.models.networks import Mlp


def make(*, unseen_rate: float = 0.01, start: tuple[float, ...] = (0.0,), width: int = 3) -> Mlp:
    torch.manual_seed(0)
    return Mlp(
        width=width,
        sizes=[2, 200],
        hidden=(8, 4),
        embedding=5,
        dropout=0.5,
        start=torch.tensor(start),
        unseen_rate=unseen_rate,
    )


def rows(n: int, width: int = 3) -> tuple[Tensor, Tensor]:
    return torch.rand(n, width), torch.tensor([[1, 150]] * n)


@pytest.mark.parametrize("start", [(0.0,), (0.1, 0.2, 0.3)])
def test_each_row_has_as_many_raw_values_as_the_head_starts_with(start: tuple[float, ...]) -> None:
    network = make(start=start)
    for n in (1, 7):
        assert network(*rows(n)).shape == (n, len(start))


def test_a_category_of_few_values_has_a_small_embedding() -> None:
    assert [weight.shape for weight in make().embeddings.parameters()] == [(2, 2), (200, 5)]


def test_the_last_bias_starts_at_the_heads_start_and_leaves_that_alone() -> None:
    start = torch.tensor([0.2, -3.0])
    network = Mlp(width=1, sizes=[], hidden=(), embedding=1, dropout=0.0, start=start)
    last = network.layers[-1].bias
    assert isinstance(last, Tensor)
    assert torch.equal(last, start)
    with torch.no_grad():
        last += 1
    assert torch.equal(start, torch.tensor([0.2, -3.0]))


def test_evaluation_is_repeatable_and_training_drops() -> None:
    network, given = make(), rows(64)
    network.eval()
    assert torch.equal(network(*given), network(*given))
    network.train()
    assert not torch.equal(network(*given), network(*given))


def test_the_code_of_unseen_values_is_learned_in_training_only() -> None:
    network, (numbers, codes) = make(unseen_rate=1.0), rows(64)
    network.layers[0] = torch.nn.Identity()
    network(numbers, codes).sum().backward()
    gradient = next(iter(network.embeddings.parameters())).grad
    assert gradient is not None
    assert gradient[UNSEEN].abs().sum() > 0
    assert gradient[1].abs().sum() == 0
    network.eval()
    unseen = network(numbers, torch.full_like(codes, UNSEEN))
    assert not torch.allclose(network(numbers, codes), unseen)


def test_rows_without_numbers_have_their_categories() -> None:
    assert make(width=0).eval()(*rows(3, width=0)).shape == (3, 1)
