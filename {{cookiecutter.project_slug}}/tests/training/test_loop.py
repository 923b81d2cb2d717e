from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from {{ cookiecutter.__package }}.errors import ConfigError
from {{ cookiecutter.__package }}.models.program import Encoded
from {{ cookiecutter.__package }}.training.loop import (
    Epoch,
    FitResult,
    choose_device,
    fit,
    infer,
)

CPU = torch.device("cpu")
Split = tuple[Encoded, Tensor]


class Line(nn.Module):
    """Logistic regression on the numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 1)

    def forward(self, numbers: Tensor, _: Tensor) -> Tensor:
        logits: Tensor = self.layer(numbers).squeeze(1)
        return logits


def split(n: int, seed: int) -> Split:
    random = torch.Generator().manual_seed(seed)
    numbers = torch.randn(n, 3, generator=random)
    labels = (numbers @ torch.tensor([1.0, -2.0, 0.5]) > 0).float()
    return Encoded(numbers=numbers, codes=torch.zeros(n, 0, dtype=torch.int64)), labels


TRAIN, VALIDATION = split(300, 0), split(100, 1)


def scores(*values: float) -> Callable[[Tensor], float]:
    """A score that is decided beforehand, epoch by epoch."""
    coming = iter(values)
    return lambda _: next(coming)


def train(network: nn.Module, *, seed: int = 0, **changes: Any) -> FitResult:
    settings: dict[str, Any] = {
        "epochs": 5,
        "patience": 5,
        "batch_size": 64,
        "learning_rate": 0.05,
        "weight_decay": 0.0,
        "device": CPU,
        "score": lambda logits: -float(
            nn.functional.binary_cross_entropy_with_logits(logits, VALIDATION[1])
        ),
    }
    torch.manual_seed(seed)
    return fit(network, TRAIN, VALIDATION, **settings | changes)


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
    assert not result.stopped_early


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
    result = train(seeded(), patience=2, epochs=9, score=scores(0.5, 0.9, 0.9, 0.8, 1.0))
    assert [epoch.best for epoch in result.epochs] == [True, True, False, False]
    assert result.stopped_early
    assert result.best.number == 2


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


def test_every_row_is_seen_once_an_epoch_and_the_rate_falls_to_zero() -> None:
    batches: list[int] = []
    epochs: list[Epoch] = []
    train(seeded(), on_batch=batches.append, on_epoch=epochs.append)
    assert batches == [64, 64, 64, 64, 44] * 5
    rates = [epoch.learning_rate for epoch in epochs]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(0, abs=1e-9)


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
