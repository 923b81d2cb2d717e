"""How networks learn: the schedule, when they stop, what they keep, and how they fail."""

import dataclasses

import numpy as np
import pytest
import torch

from {{ cookiecutter.__package }}.config import ModelConfig, TrainConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import ConfigError, DivergedError
from {{ cookiecutter.__package }}.training.folds import make_training_set
from {{ cookiecutter.__package }}.training.kinds import (
    Round,
    TrainingSet,
    fit,
)
from {{ cookiecutter.__package }}.training.kinds.loop import (
    LARGEST_BATCH,
    SMALLEST_BATCH,
    choose_device,
    schedule_of,
    shuffled,
)
from {{ cookiecutter.__package }}.training.race import fit_program

from .conftest import SETTINGS, MakeSet, rows_of

N_ROWS = [1, 10, 150, 1_000, 6_000, 30_000, 232_000, 10_000_000]
MLP = ModelConfig.model_validate({"kind": "mlp", "hidden": [8], "dropout": 0.0})


def changed(training: TrainingSet, **settings: object) -> TrainingSet:
    return dataclasses.replace(training, settings=SETTINGS.model_copy(update=settings))


def test_few_rows_are_seen_often_and_in_small_batches() -> None:
    made = [schedule_of(TrainConfig(), n_rows) for n_rows in N_ROWS]
    epochs, sizes = [one.epochs for one in made], [one.batch_size for one in made]
    assert epochs == sorted(epochs, reverse=True)
    assert (epochs[0], epochs[-1]) == (200, 5)
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (SMALLEST_BATCH, LARGEST_BATCH)
    assert all(3 <= one.patience <= max(one.epochs // 8, 3) for one in made)


def test_what_is_set_is_taken_whatever_the_number_of_rows() -> None:
    settings = TrainConfig(epochs=7, patience=2, batch_size=50)
    for n_rows in N_ROWS:
        made = schedule_of(settings, n_rows)
        assert (made.epochs, made.patience, made.batch_size) == (7, 2, 50)
    assert schedule_of(TrainConfig(epochs=80), 1_000_000).patience == 10


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
    rounds: list[Round] = []
    training = dataclasses.replace(make_set(shop), on_round=rounds.append)
    fitted = fit(training, MLP)
    assert fitted.curves["train_loss"][-1] < fitted.curves["train_loss"][0]
    assert fitted.curves["validation_loss"][-1] < fitted.curves["validation_loss"][0]
    assert [(one.number, one.most) for one in rounds] == [(n, 3) for n in (1, 2, 3)]
    assert [one.score for one in rounds] == list(fitted.curves["validation_score"])


def test_the_best_epoch_is_kept_and_training_stops_when_patience_is_spent(
    shop: Contract, make_set: MakeSet
) -> None:
    """At such a rate the first epochs are good and the later ones are not."""
    training = changed(make_set(shop), epochs=40, patience=3, learning_rate=0.05)
    fitted = fit(training, MLP)
    scores = fitted.curves["validation_score"]
    assert fitted.rounds == 1 + scores.index(max(scores))
    assert fitted.last_round == len(scores) == min(fitted.rounds + 3, 40)
    assert fitted.last_round < 40
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
        fit_program(changed(make_set(shop, rounds=rounds), epochs=4), MLP)[1] for rounds in (4, 2)
    )
    assert part.curves["train_loss"] == whole.curves["train_loss"][:2]
    assert (part.rounds, whole.rounds) == (2, 4)


def test_held_out_rows_of_one_label_are_scored_by_their_loss(any_shop: Contract) -> None:
    rows = rows_of(any_shop, 60, seed=1)
    alike = rows[np.flatnonzero(rows.labels == rows.labels[0])]
    curves = fit(make_training_set(any_shop, SETTINGS, rows_of(any_shop, 400), alike), MLP).curves
    assert len(curves["validation_score"]) == 3
    assert np.isfinite([list(curve) for curve in curves.values()]).all()


def test_a_loss_that_is_not_finite_names_the_epoch_and_the_remedy(make_set: MakeSet) -> None:
    from ...conftest import shop_of

    training = make_set(shop_of("regression"))
    training.train.labels[11] = float("inf")
    with pytest.raises(DivergedError, match=r"not finite in epoch 1: lower train\.learning_rate"):
        fit(training, MLP)


def test_a_device_that_is_not_there_is_refused_with_those_that_are() -> None:
    assert choose_device("auto").type in {"cpu", "cuda", "mps"}
    absent = next(name for name in ("mps", "cuda") if not getattr(torch, name).is_available())
    with pytest.raises(ConfigError, match=f"train.device is '{absent}', .* has: cpu.* use 'auto'"):
        choose_device(absent)
