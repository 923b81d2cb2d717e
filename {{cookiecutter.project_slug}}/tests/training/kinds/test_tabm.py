"""TabM: members that learn apart and answer together, in a graph that answers alike."""

import torch
from torch import Tensor

from {{ cookiecutter.__package }}.config import ModelConfig
from {{ cookiecutter.__package }}.models.bundle import open_session, predict
from {{ cookiecutter.__package }}.models.graph import export
from {{ cookiecutter.__package }}.models.program import Categories
from {{ cookiecutter.__package }}.models.tasks import task_of
from {{ cookiecutter.__package }}.training.kinds.tabm import TabM
from {{ cookiecutter.__package }}.training.race import fit_program

from ...conftest import shop_of
from ...models.test_graph import adversarial
from ..conftest import rows_of
from .conftest import make_set

SIZES = [2, 200]


def rows(n: int, width: int = 3) -> tuple[Tensor, Tensor]:
    return torch.rand(n, width), torch.tensor([[1, 150]] * n)


SMALL = {"kind": "tabm", "hidden": [16], "members": 4}


def tabm(start: Tensor, width: int = 3) -> TabM:
    torch.manual_seed(0)
    return TabM(
        width=width,
        categories=Categories(SIZES, 5),
        hidden=(8, 4),
        members=6,
        dropout=0.5,
        start=start,
        task="multiclass" if len(start) > 1 else "binary",
    )


def test_it_learns_and_its_graph_answers_alike() -> None:
    """Of one task; the slow tests of every kind train the others."""
    contract = shop_of("multiclass")
    task = task_of(contract)
    program = fit_program(make_set(contract), ModelConfig.model_validate(SMALL))[0]
    tested = rows_of(contract, 800, seed=5)
    scores = task.scores(tested.labels, program.predict(tested.inputs)).all()
    assert scores[task.main] > task.chance + 0.1
    session = open_session(export(program, tested.inputs[:16]).SerializeToString())
    for inputs in (tested.inputs, tested.inputs[:1], adversarial(contract)):
        expected = program.predict(inputs)
        outputs = predict(session, inputs, task)
        assert task.parity_errors(expected, outputs).max() <= 1


def test_evaluation_is_repeatable_and_a_row_does_not_see_its_neighbours() -> None:
    network, given = tabm(torch.tensor([0.1, 0.2, 0.7])), rows(8)
    together = network.eval()(*given)
    alone = [network(given[0][i : i + 1], given[1][i : i + 1]) for i in range(8)]
    assert torch.allclose(torch.cat(alone), together, atol=1e-6)


def test_gradients_reach_every_parameter() -> None:
    network = tabm(torch.tensor([0.1, 0.2, 0.7]))
    numbers, codes = torch.rand(256, 3), torch.stack([torch.arange(256) % n for n in SIZES], 1)
    (network.train()(numbers, codes) ** 2).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_members_learn_apart_and_answer_together() -> None:
    network, given = tabm(torch.zeros(1)), rows(8)
    members = network.train()(*given)
    assert members.shape == (8, 6, 1)
    assert members.std(1).min() > 0
    network.eval()
    pooled = torch.sigmoid(network(*given))
    network.training = True  # the members' own answers, without dropout
    assert torch.allclose(pooled, torch.sigmoid(network(*given)).mean(1), atol=1e-6)
