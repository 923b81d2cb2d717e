"""A small body, rows that it can learn, and a training of it that may be killed."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn

from {{ cookiecutter.__package }}.models.heads import Head, make_head
from {{ cookiecutter.__package }}.models.preprocess import Prepared
from {{ cookiecutter.__package }}.training.batches import InMemory, Labelled
from {{ cookiecutter.__package }}.training.networks import loop
from {{ cookiecutter.__package }}.training.networks.checkpoint import (
    FolderCheckpoints,
)
from {{ cookiecutter.__package }}.training.networks.learner import Schedule
from {{ cookiecutter.__package }}.training.networks.loop import (
    FitResult,
    Validation,
    fit,
)

CPU = torch.device("cpu")
SLOPE = torch.tensor([1.0, -2.0, 0.5])


class Line(nn.Module):
    """A straight line through the numbers, some of which are dropped in training."""

    def __init__(self, width: int = 1, dropout: float = 0.0) -> None:
        super().__init__()
        self.layer = nn.Linear(3, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, numbers: Tensor, _: Tensor) -> Tensor:
        raw: Tensor = self.layer(self.dropout(numbers))
        return raw


def split(n: int, seed: int) -> Labelled:
    random = torch.Generator().manual_seed(seed)
    numbers = torch.randn(n, 3, generator=random)
    codes = torch.zeros(n, 0, dtype=torch.int64)
    return Labelled(
        rows=Prepared(numbers=numbers, codes=codes), labels=(numbers @ SLOPE > 0).float()
    )


TRAIN, HELD_OUT = split(300, 0), split(100, 1)


def head() -> Head:
    return make_head("binary", TRAIN.labels.double().numpy(), 0)


def seeded(dropout: float = 0.0) -> Line:
    torch.manual_seed(7)
    return Line(dropout=dropout)


def agreement(outputs: Tensor) -> float:
    return -float(nn.functional.binary_cross_entropy(outputs, HELD_OUT.labels))


def train(body: nn.Module, *, seed: int = 0, **changes: Any) -> FitResult:
    schedule: dict[str, Any] = {
        "epochs": 5,
        "patience": 5,
        "batch_size": 64,
        "learning_rate": 0.05,
        "weight_decay": 0.0,
    }
    schedule = {key: changes.pop(key, value) for key, value in schedule.items()}
    score = changes.pop("score", agreement)
    settings: dict[str, Any] = {
        "train": InMemory(rows=TRAIN, seed=seed),
        "validation": Validation(rows=HELD_OUT, score=score),
        "device": CPU,
    }
    torch.manual_seed(seed)
    return fit(body, head(), schedule=Schedule(**schedule), **settings | changes)


def state(body: nn.Module) -> dict[str, list[float]]:
    return {name: value.flatten().tolist() for name, value in body.state_dict().items()}


def train_to_file(folder: Path, epochs: int) -> None:
    """Train with a checkpoint after every epoch; at the end the weights are a file."""
    torch.set_num_threads(1)
    loop.SAVE_ROWS = 1
    body = seeded(dropout=0.3)
    checkpoints = FolderCheckpoints(folder / "checkpoints")
    train(body, epochs=epochs, patience=epochs, checkpoints=checkpoints)
    (folder / "weights").write_bytes(save(body.state_dict()))
