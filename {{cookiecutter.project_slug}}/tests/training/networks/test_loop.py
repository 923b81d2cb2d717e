from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from {{ cookiecutter.__package }}.errors import DivergedError
from {{ cookiecutter.__package }}.models.encode import Categories
from {{ cookiecutter.__package }}.models.heads import make_head
from {{ cookiecutter.__package }}.models.preprocess import Prepared
from {{ cookiecutter.__package }}.training.batches import InMemory, Labelled
from {{ cookiecutter.__package }}.training.kinds.mlp import Mlp
from {{ cookiecutter.__package }}.training.networks.learner import (
    Epoch,
    Progress,
    Schedule,
    warm_cosine,
)
from {{ cookiecutter.__package }}.training.networks.loop import (
    Validation,
    fit,
    infer,
)

from .lines import HELD_OUT, SLOPE, TRAIN, Line, head, seeded, split, state, train


def scores(*values: float) -> Callable[[Tensor], float]:
    """A score that is decided beforehand, epoch by epoch."""
    coming = iter(values)
    return lambda _: next(coming)


def test_fitting_lowers_both_losses() -> None:
    result = train(seeded())
    first, last = result.epochs[0], result.epochs[-1]
    assert last.train_loss < first.train_loss
    assert last.validation_loss < first.validation_loss
    assert result.best == last
    assert len(result.epochs) == 5


def test_the_best_epochs_weights_are_restored() -> None:
    body, seen = seeded(), []
    result = train(
        body, score=scores(0.5, 0.9, 0.6, 0.7, 0.8), on_epoch=lambda _: seen.append(state(body))
    )
    assert result.best.number == 2
    assert state(body) == seen[1]
    assert seen[1] != seen[4]
    assert not body.training


def test_training_stops_when_patience_is_spent() -> None:
    result = train(seeded(), patience=2, epochs=9, score=scores(0.5, 0.9, 0.8, 0.8, 1.0))
    assert [epoch.best for epoch in result.epochs] == [True, True, False, False]
    assert result.best.number == 2


def test_of_equal_scores_the_lower_loss_is_better() -> None:
    result = train(seeded(), patience=2, score=lambda _: 0.9)
    losses = [epoch.validation_loss for epoch in result.epochs]
    assert losses == sorted(losses, reverse=True)
    assert [epoch.best for epoch in result.epochs] == [True] * 5
    worse = train(seeded(), patience=2, learning_rate=0.0, score=lambda _: 0.9)
    assert [epoch.best for epoch in worse.epochs] == [True, False, False]


def test_patience_counts_from_the_last_better_epoch() -> None:
    result = train(seeded(), patience=2, epochs=6, score=scores(0.1, 0.0, 0.2, 0.1, 0.3, 0.1))
    assert len(result.epochs) == 6
    assert result.best.number == 5


def test_a_score_that_is_never_a_number_keeps_the_first_epoch() -> None:
    result = train(seeded(), patience=1, score=lambda _: float("nan"))
    assert result.best.number == 1
    assert len(result.epochs) == 2


def test_without_validation_rows_the_last_weights_are_kept() -> None:
    body, seen = seeded(), []
    result = train(body, validation=None, patience=1, on_epoch=lambda _: seen.append(state(body)))
    assert len(seen) == 5
    assert result.best == result.epochs[-1]
    assert state(body) == seen[-1]
    assert all(epoch.validation_score != epoch.validation_score for epoch in result.epochs)


def test_stopping_early_is_the_beginning_of_the_whole_schedule() -> None:
    whole, part, seen = seeded(), seeded(), []
    train(whole, validation=None, on_epoch=lambda _: seen.append(state(whole)))
    result = train(part, validation=None, stop_after=3)
    assert [epoch.number for epoch in result.epochs] == [1, 2, 3]
    assert state(part) == seen[2]
    beyond = train(seeded(), stop_after=99)
    assert len(beyond.epochs) == 5


def test_the_same_seed_gives_the_same_weights() -> None:
    one, two, other = (seeded(dropout=0.2) for _ in range(3))
    train(one, seed=3)
    train(two, seed=3)
    train(other, seed=4)
    assert state(one) == state(two)
    assert state(one) != state(other)


def test_progress_and_each_epoch_are_told() -> None:
    told: list[Progress] = []
    epochs: list[Epoch] = []
    result = train(seeded(), on_progress=told.append, on_epoch=epochs.append)
    assert [(found.epoch, found.rows) for found in told] == [(n, 300) for n in range(1, 6)]
    assert [found.loss for found in told] == pytest.approx([e.train_loss for e in epochs])
    assert all(found.rows_per_s > 0 for found in told)
    assert tuple(epochs) == result.epochs
    assert [epoch.number for epoch in epochs] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("steps", [1, 2, 7, 25, 1000])
def test_the_rate_rises_along_a_line_and_falls_along_a_half_cosine(steps: int) -> None:
    rates = [warm_cosine(step, steps) for step in range(steps)]
    peak = rates.index(1.0)
    assert peak <= steps * 0.05
    assert rates[: peak + 1] == pytest.approx([(n + 1) / (peak + 1) for n in range(peak + 1)])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert 0 <= rates[-1] < 1 / steps or steps <= 2
    assert rates[(peak + steps) // 2] == pytest.approx(0.5, abs=0.6 / steps + 0.05) or steps < 9


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_each_head_is_learned_by_the_same_loop(task: str) -> None:
    def of(rows: Labelled) -> Labelled:
        labels = rows.labels if task == "multiclass" else 100 + 30 * rows.rows.numbers @ SLOPE
        return Labelled(rows=rows.rows, labels=labels)

    given, held = of(TRAIN), of(HELD_OUT)
    made = make_head(task, given.labels.double().numpy(), 2)
    torch.manual_seed(0)
    body = Line(made.width)
    result = train_on(body, made, given, held, epochs=20, batch_size=32)
    assert result.best.validation_loss < result.epochs[0].validation_loss / 2
    assert made(infer(body, held.rows)).shape == ((100, 2) if task == "multiclass" else (100,))


def train_on(body: nn.Module, made: Any, given: Labelled, held: Labelled, **changes: Any) -> Any:
    settings = {"epochs": 1, "batch_size": 8, "learning_rate": 0.05} | changes
    patience = int(settings["epochs"])
    schedule = Schedule(patience=patience, weight_decay=0.0, **settings)
    judge = Validation(
        rows=held, score=lambda _: -float(made.loss(infer(body, held.rows), held.labels))
    )
    return fit(body, made, InMemory(rows=given), judge, schedule, device=torch.device("cpu"))


def mixed(n: int) -> Labelled:
    """Rows with numbers and categories."""
    rows = split(n, 2)
    codes = torch.arange(2 * n).reshape(n, 2) % 3
    return Labelled(rows=Prepared(numbers=rows.rows.numbers, codes=codes), labels=rows.labels)


def network(dropout: float = 0.0) -> Mlp:
    torch.manual_seed(1)
    return Mlp(
        width=3,
        categories=Categories([3, 3], 2),
        hidden=(16, 8),
        dropout=dropout,
        start=head().start,
    )


@pytest.mark.parametrize("batch_size", [1, 4, 8])
def test_small_batches_reach_every_parameter(batch_size: int) -> None:
    body = network()
    before = {name: value.clone() for name, value in body.named_parameters()}
    result = train_on(body, head(), mixed(24), mixed(10), batch_size=batch_size)
    assert result.epochs[0].train_loss > 0
    assert all(parameter.grad is not None for parameter in body.parameters())
    assert all((value != before[name]).any() for name, value in body.named_parameters())


def test_one_batch_can_be_learned_by_heart() -> None:
    rows = mixed(16)
    result = train_on(network(), head(), rows, rows, epochs=200, batch_size=16)
    assert result.best.validation_loss < 0.02


def test_members_of_an_ensemble_are_learned_together() -> None:
    class Two(Line):
        def forward(self, numbers: Tensor, _: Tensor) -> Tensor:
            raw: Tensor = self.layer(numbers)[:, :, None]
            return raw if self.training else raw.mean(1)

    body = Two(width=2)
    before = body.layer.weight.detach().clone()
    train(body)
    assert (body.layer.weight != before).all()


def test_rows_count_by_their_weights() -> None:
    halves = torch.arange(300) < 150
    wrong = torch.where(halves, TRAIN.labels, 1 - TRAIN.labels)
    weighted = Labelled(rows=TRAIN.rows, labels=wrong, weights=halves.float())
    alike = Labelled(rows=TRAIN.rows, labels=wrong)
    found = train(seeded(), train=InMemory(rows=weighted), epochs=20, patience=20)
    other = train(seeded(), train=InMemory(rows=alike), epochs=20, patience=20)
    assert found.best.validation_loss < 0.5 < other.best.validation_loss


def test_bfloat16_learns_nearly_the_same() -> None:
    full, half = (train(seeded(), precision=kind) for kind in (torch.float32, torch.bfloat16))
    assert half.epochs != full.epochs
    assert half.best.validation_loss == pytest.approx(full.best.validation_loss, rel=0.05)


def test_validation_is_judged_by_the_heads_outputs() -> None:
    seen: list[Tensor] = []
    body = seeded()

    def judge(outputs: Tensor) -> float:
        seen.append(outputs)
        return float(len(seen))

    result = train(body, score=judge)
    raw = infer(body, HELD_OUT.rows)
    assert torch.equal(seen[-1], torch.sigmoid(raw.squeeze(1)))
    assert result.best.validation_loss == pytest.approx(head().loss(raw, HELD_OUT.labels).item())


def spoilt(row: int, column: int, value: float) -> InMemory:
    numbers = TRAIN.rows.numbers.clone()
    numbers[row, column] = value
    rows = Prepared(numbers=numbers, codes=TRAIN.rows.codes)
    return InMemory(rows=Labelled(rows=rows, labels=TRAIN.labels))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_not_finite_is_told_by_epoch_batch_and_column(value: float) -> None:
    given = spoilt(11, 1, value)
    numbers = [b.rows.numbers[:, 1] for b in next(given.blocks(1, 64)).split(64)]
    batch = 1 + next(n for n, column in enumerate(numbers) if not column.isfinite().all())
    wanted = rf"not finite in epoch 1, batch {batch}; there column 'height' has 1 values"
    with pytest.raises(DivergedError, match=wanted):
        train(seeded(), train=given, columns=("width", "height", "depth"))


def test_a_value_far_from_all_others_is_told() -> None:
    with pytest.raises(DivergedError, match=r"number 3 is [\d,]+ times its spread"):
        train(seeded(), train=spoilt(11, 2, 3e38), learning_rate=10.0)


def test_a_loss_that_grows_without_bound_is_told_with_the_remedy() -> None:
    made = make_head("regression", torch.randn(300).double().numpy(), 0)
    labels = TRAIN.rows.numbers @ SLOPE
    given = Labelled(rows=TRAIN.rows, labels=labels)
    with pytest.raises(DivergedError, match=r"grew from .* no column .* lower train.learning_rate"):
        train_on(Line(), made, given, given, epochs=9, learning_rate=50.0)


def test_no_epochs_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, not 0"):
        train(seeded(), epochs=0)


def test_inference_in_parts_is_inference_at_once() -> None:
    line = seeded(dropout=0.5)
    parts = infer(line, TRAIN.rows, batch_size=7)
    assert torch.allclose(parts, infer(line, TRAIN.rows), atol=1e-6)
    assert not parts.requires_grad
    assert not line.training
