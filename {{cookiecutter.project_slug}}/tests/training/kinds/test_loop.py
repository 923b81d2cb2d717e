"""How networks learn: the schedule, when they stop, what they keep, and how they fail."""

import pytest
import torch

from {{ cookiecutter.__package }}.config import ModelConfig, TrainConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import DivergedError
from {{ cookiecutter.__package }}.training.kinds import read_kind
from {{ cookiecutter.__package }}.training.kinds.loop import schedule_of

from ...conftest import shop_of
from .conftest import make_set

N_ROWS = [1, 10, 150, 1_000, 6_000, 30_000, 232_000, 10_000_000]
MLP = ModelConfig.model_validate({"kind": "mlp", "hidden": [8], "dropout": 0.0})


def test_few_rows_are_seen_often_and_in_small_batches() -> None:
    epochs, patience, sizes = zip(*(schedule_of(TrainConfig(), n) for n in N_ROWS), strict=True)
    assert list(epochs) == sorted(epochs, reverse=True)
    assert (epochs[0], epochs[-1], sizes[0], sizes[-1]) == (200, 5, 32, 1024)
    assert list(sizes) == sorted(sizes)
    assert all(3 <= one <= max(n // 8, 3) for one, n in zip(patience, epochs, strict=True))
    assert {schedule_of(TrainConfig(epochs=7), n)[:2] for n in N_ROWS} == {(7, 3)}


def test_the_best_epoch_stays_and_training_stops_when_patience_is_spent(shop: Contract) -> None:
    """At such a rate the first epochs are good and the later ones are not."""
    training = make_set(shop, TrainConfig(epochs=40, learning_rate=0.05))
    fitted = read_kind(MLP)(training)
    losses = fitted.curves["validation_loss"]
    assert fitted.curves["train_loss"][-1] < fitted.curves["train_loss"][0]
    assert fitted.rounds == 1 + losses.index(min(losses))
    assert fitted.last_round == len(losses) == fitted.rounds + 5 < 40
    held_out = training.held_out
    assert held_out is not None
    with torch.no_grad():
        _, raw = fitted.body(held_out.numbers, held_out.codes)
    assert training.head.loss(raw, held_out.labels).item() == pytest.approx(min(losses), rel=1e-5)
    assert not fitted.body.training


def test_a_loss_that_is_not_finite_names_the_epoch_and_the_remedy() -> None:
    training = make_set(shop_of("regression"))
    training.train.labels[11] = float("inf")
    with pytest.raises(DivergedError, match=r"not finite in epoch 1: lower train\.learning_rate"):
        read_kind(MLP)(training)
