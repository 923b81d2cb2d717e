"""How networks learn: the schedule, when they stop, what they keep, and how they fail."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from {{ cookiecutter.__package }}.config import ModelConfig, TrainConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import ConfigError, DivergedError
from {{ cookiecutter.__package }}.models.program import Categories
from {{ cookiecutter.__package }}.training.kinds import TrainingSet, fit
from {{ cookiecutter.__package }}.training.kinds.linear import Linear
from {{ cookiecutter.__package }}.training.kinds.loop import (
    choose_device,
    schedule_of,
    shuffled,
)
from {{ cookiecutter.__package }}.training.kinds.mlp import Mlp
from {{ cookiecutter.__package }}.training.race import make_training_set

from ...conftest import shop_of
from .conftest import SETTINGS, MakeSet, rows_of

N_ROWS = [1, 10, 150, 1_000, 6_000, 30_000, 232_000, 10_000_000]
MLP = ModelConfig.model_validate({"kind": "mlp", "hidden": [8], "dropout": 0.0})


def changed(training: TrainingSet, **settings: object) -> TrainingSet:
    return dataclasses.replace(training, settings=SETTINGS.model_copy(update=settings))


def test_few_rows_are_seen_often_and_in_small_batches_unless_the_settings_say_it() -> None:
    epochs, patience, sizes = zip(*(schedule_of(TrainConfig(), n) for n in N_ROWS), strict=True)
    assert list(epochs) == sorted(epochs, reverse=True)
    assert (epochs[0], epochs[-1], sizes[0], sizes[-1]) == (200, 5, 32, 1024)
    assert list(sizes) == sorted(sizes)
    assert all(3 <= one <= max(n // 8, 3) for one, n in zip(patience, epochs, strict=True))
    settings = TrainConfig(epochs=7, patience=2, batch_size=50)
    assert {schedule_of(settings, n) for n in N_ROWS} == {(7, 2, 50)}


def test_an_epoch_has_each_row_once_in_an_order_of_its_own(
    shop: Contract, make_set: MakeSet
) -> None:
    train = make_set(shop, n_rows=300).train
    one, again, other = (
        torch.cat([batch.rows.numbers for batch in shuffled(train, 0, epoch, 64)])
        for epoch in (1, 1, 2)
    )
    assert torch.equal(torch.nan_to_num(one), torch.nan_to_num(again))
    assert not torch.equal(torch.nan_to_num(one), torch.nan_to_num(other))
    assert [len(batch) for batch in shuffled(train, 0, 1, 64)] == [64, 64, 64, 64, 44]
    before, after = (np.sort(numbers[:, 0].numpy()) for numbers in (train.rows.numbers, one))
    assert np.array_equal(before, after, equal_nan=True)


def test_fitting_lowers_the_losses_and_reports_each_epoch(
    shop: Contract, make_set: MakeSet
) -> None:
    rounds: list[Any] = []
    training = dataclasses.replace(make_set(shop), on_round=lambda *round_: rounds.append(round_))
    curves = fit(training, MLP).curves
    assert curves["train_loss"][-1] < curves["train_loss"][0]
    assert curves["validation_loss"][-1] < curves["validation_loss"][0]
    scores = curves["validation_score"]
    assert rounds == [(number, 3, score) for number, score in enumerate(scores, 1)]


def test_the_best_epoch_stays_and_training_stops_when_patience_is_spent(
    shop: Contract, make_set: MakeSet
) -> None:
    """At such a rate the first epochs are good and the later ones are not."""
    training = changed(make_set(shop), epochs=40, patience=3, learning_rate=0.05)
    fitted = fit(training, MLP)
    scores = fitted.curves["validation_score"]
    assert fitted.rounds == 1 + scores.index(max(scores))
    assert fitted.last_round == len(scores) == fitted.rounds + 3 < 40
    held_out = training.held_out
    assert held_out is not None
    with torch.no_grad():
        raw = fitted.body(held_out.rows.numbers, held_out.rows.codes)
    loss = training.head.loss(raw, held_out.labels).item()
    assert loss == pytest.approx(fitted.curves["validation_loss"][fitted.rounds - 1], rel=1e-5)
    assert not fitted.body.training


def test_stopping_early_is_the_beginning_of_the_whole_schedule(
    shop: Contract, make_set: MakeSet
) -> None:
    whole, part = (
        fit(changed(make_set(shop, rounds=rounds), epochs=4, dropout=0.0), ModelConfig(kind="mlp"))
        for rounds in (4, 2)
    )
    assert (len(part.curves["train_loss"]), part.rounds, whole.rounds) == (2, 2, 4)


def test_held_out_rows_of_one_label_are_scored_by_their_loss(any_shop: Contract) -> None:
    rows = rows_of(any_shop, 60, seed=1)
    alike = rows[np.flatnonzero(rows.labels == rows.labels[0])]
    curves = fit(make_training_set(any_shop, SETTINGS, rows_of(any_shop, 400), alike), MLP).curves
    assert len(curves["validation_score"]) == 3
    assert np.isfinite([list(curve) for curve in curves.values()]).all()


def test_a_loss_that_is_not_finite_names_the_epoch_and_the_remedy(make_set: MakeSet) -> None:
    training = make_set(shop_of("regression"))
    training.train.labels[11] = float("inf")
    with pytest.raises(DivergedError, match=r"not finite in epoch 1: lower train\.learning_rate"):
        fit(training, MLP)


def test_a_device_that_is_not_there_is_refused_with_those_that_are() -> None:
    assert choose_device("auto").type in {"cpu", "cuda", "mps"}
    absent = next(name for name in ("mps", "cuda") if not getattr(torch, name).is_available())
    with pytest.raises(ConfigError, match=f"train.device is '{absent}', .* has: cpu.* use 'auto'"):
        choose_device(absent)


@pytest.mark.parametrize("kind", ["linear", "mlp"])
def test_every_parameter_learns_and_a_row_does_not_see_its_neighbours(kind: str) -> None:
    torch.manual_seed(0)
    sizes, start = [2, 200], torch.tensor([0.1, 0.2, 0.7])
    categories = Categories(sizes, 5)
    network = (
        Linear(width=3, sizes=sizes, outputs=3)
        if kind == "linear"
        else Mlp(width=3, categories=categories, hidden=(8, 4), dropout=0.5, start=start)
    )
    numbers, codes = torch.rand(256, 3), torch.stack([torch.arange(256) % n for n in sizes], 1)
    (network.train()(numbers, codes) ** 2).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name
    together = network.eval()(numbers[:8], codes[:8])
    assert together.shape == (8, 3)
    alone = [network(numbers[i : i + 1], codes[i : i + 1]) for i in range(8)]
    assert torch.allclose(torch.cat(alone), together, atol=1e-6)


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
def test_rows_without_numbers_have_their_categories(shop: Contract) -> None:
    from ...models.conftest import part_of

    contract = part_of(shop, "channel")
    for kind in ("linear", "mlp"):
        training = make_training_set(contract, SETTINGS, rows_of(contract, 300), None, 2)
        fitted = fit(training, ModelConfig(kind=kind))
        rows = training.train.rows[:3]
        assert fitted.body(rows.numbers, rows.codes).shape == (3, 1)
