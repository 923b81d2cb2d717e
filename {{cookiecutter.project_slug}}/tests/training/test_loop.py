from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from {{ cookiecutter.__package }}.errors import ConfigError
from {{ cookiecutter.__package }}.models.heads import Head, make_head
from {{ cookiecutter.__package }}.models.program import Prepared
from {{ cookiecutter.__package }}.training.loop import (
    Epoch,
    FitResult,
    Schedule,
    choose_device,
    fit,
    infer,
)

CPU = torch.device("cpu")
Split = tuple[Prepared, Tensor]


class Line(nn.Module):
    """A straight line through the numbers."""

    def __init__(self, width: int = 1) -> None:
        super().__init__()
        self.layer = nn.Linear(3, width)

    def forward(self, numbers: Tensor, _: Tensor) -> Tensor:
        raw: Tensor = self.layer(numbers)
        return raw


def split(n: int, seed: int) -> Split:
    random = torch.Generator().manual_seed(seed)
    numbers = torch.randn(n, 3, generator=random)
    labels = (numbers @ torch.tensor([1.0, -2.0, 0.5]) > 0).float()
    return Prepared(numbers=numbers, codes=torch.zeros(n, 0, dtype=torch.int64)), labels


TRAIN, VALIDATION = split(300, 0), split(100, 1)


def scores(*values: float) -> Callable[[Tensor], float]:
    """A score that is decided beforehand, epoch by epoch."""
    coming = iter(values)
    return lambda _: next(coming)


def head() -> Head:
    return make_head("binary", TRAIN[1].double().numpy(), 0)


def train(network: nn.Module, *, seed: int = 0, **changes: Any) -> FitResult:
    schedule: dict[str, Any] = {
        "epochs": 5,
        "patience": 5,
        "batch_size": 64,
        "learning_rate": 0.05,
        "weight_decay": 0.0,
    }
    schedule = {key: changes.pop(key, value) for key, value in schedule.items()}
    settings: dict[str, Any] = {
        "device": CPU,
        "score": lambda p: -float(nn.functional.binary_cross_entropy(p, VALIDATION[1])),
    }
    torch.manual_seed(seed)
    return fit(network, head(), TRAIN, VALIDATION, Schedule(**schedule), **settings | changes)


def state(network: nn.Module) -> dict[str, list[float]]:
    return {name: value.flatten().tolist() for name, value in network.state_dict().items()}


def seeded() -> Line:
    torch.manual_seed(7)
    return Line()


def test_fitting_lowers_both_losses() -> None:
    result = train(seeded())
    first, last = result.epochs[0], result.epochs[-1]
    assert last.train_loss < first.train_loss
    assert last.validation_loss < first.validation_loss
    assert result.best == last
    assert len(result.epochs) == 5


def test_the_best_epochs_weights_are_restored() -> None:
    network, seen = seeded(), []
    result = train(
        network,
        score=scores(0.5, 0.9, 0.6, 0.7, 0.8),
        on_epoch=lambda _: seen.append(state(network)),
    )
    assert result.best.number == 2
    assert state(network) == seen[1]
    assert seen[1] != seen[4]
    assert not network.training


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


def test_the_same_seed_gives_the_same_weights() -> None:
    one, two, other = seeded(), seeded(), seeded()
    train(one, seed=3)
    train(two, seed=3)
    train(other, seed=4)
    assert state(one) == state(two)
    assert state(one) != state(other)


def test_every_row_is_seen_once_an_epoch_and_each_epoch_is_told() -> None:
    batches: list[int] = []
    epochs: list[Epoch] = []
    result = train(seeded(), on_batch=batches.append, on_epoch=epochs.append)
    assert batches == [64, 64, 64, 64, 44] * 5
    assert tuple(epochs) == result.epochs
    assert [epoch.number for epoch in epochs] == [1, 2, 3, 4, 5]


def test_the_rate_falls_along_a_half_cosine_to_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[torch.optim.Optimizer] = []
    rates: list[float] = []

    class Remembered(torch.optim.AdamW):
        """AdamW that can be looked at from outside."""

        def __init__(self, *given: Any, **settings: Any) -> None:
            super().__init__(*given, **settings)
            made.append(self)

    monkeypatch.setattr(torch.optim, "AdamW", Remembered)
    train(seeded(), on_batch=lambda _: rates.append(made[0].param_groups[0]["lr"]))
    assert len(rates) == 25
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == pytest.approx(0.05, rel=0.01)
    assert rates[12] == pytest.approx(0.025, rel=0.1)
    assert rates[-1] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_each_head_is_learned_by_the_same_loop(task: str) -> None:
    rows, positive = TRAIN
    held_out, held_positive = VALIDATION
    signal, held_signal = (r.numbers @ torch.tensor([1.0, -2.0, 0.5]) for r in (rows, held_out))
    labels = {"multiclass": positive, "regression": 100 + 30 * signal}[task]
    held = {"multiclass": held_positive, "regression": 100 + 30 * held_signal}[task]
    made = make_head(task, labels.double().numpy(), 2)
    torch.manual_seed(0)
    body = Line(made.width)
    result = fit(
        body,
        made,
        (rows, labels),
        (held_out, held),
        Schedule(epochs=20, patience=20, batch_size=32, learning_rate=0.05, weight_decay=0.0),
        device=CPU,
        score=lambda _: -float(made.loss(infer(body, held_out), held)),
    )
    assert result.best.validation_loss < result.epochs[0].validation_loss / 2
    assert made(infer(body, held_out)).shape == ((100, 2) if task == "multiclass" else (100,))


def test_validation_is_judged_by_the_heads_outputs() -> None:
    seen: list[Tensor] = []
    network = seeded()

    def judge(outputs: Tensor) -> float:
        seen.append(outputs)
        return float(len(seen))

    result = train(network, score=judge)
    raw = infer(network, VALIDATION[0])
    assert torch.equal(seen[-1], torch.sigmoid(raw.squeeze(1)))
    assert result.best.validation_loss == pytest.approx(head().loss(raw, VALIDATION[1]).item())


def test_no_epochs_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, not 0"):
        train(seeded(), epochs=0)


def test_inference_in_parts_is_inference_at_once() -> None:
    network = nn.Sequential(nn.Dropout(0.5))
    line = seeded()
    line.add_module("dropout", network)
    parts = infer(line, TRAIN[0], batch_size=7)
    assert torch.allclose(parts, infer(line, TRAIN[0]), atol=1e-6)
    assert not parts.requires_grad
    assert not line.training


def test_the_processor_is_always_there() -> None:
    assert choose_device("cpu") == CPU


@pytest.mark.parametrize(("cuda", "chosen"), [(True, "cuda"), (False, "cpu")])
def test_auto_takes_a_gpu_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, cuda: bool, chosen: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto").type == chosen


def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=r"'cuda', but this machine has: cpu.*use 'auto'"):
        choose_device("cuda")
