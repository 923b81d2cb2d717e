"""How networks of any kind learn: their schedule, the loop, its progress and its epochs."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field
from torch import Tensor

from ...config import Positive, Section, TrainConfig
from ...models.program import Body
from ...models.tasks import Task
from ...terminal import progress
from ..batches import InMemory
from ..networks.device import choose_device, choose_precision, cpu_threads
from ..networks.learner import Epoch, Progress, Schedule
from ..networks.loop import Validation, fit
from .kind import Fitted, Lesson, Round

SMALLEST_BATCH, LARGEST_BATCH, FEWEST_BATCHES = 32, 1024, 16
ROWS_SEEN = 1_200_000
FEWEST_EPOCHS, MOST_EPOCHS = 5, 200
FEWEST_PATIENCE, PATIENCE_SHARE = 3, 8
# Noise on inputs costs a regression more than it guards against.
DROPOUT = {"binary": 0.1, "multiclass": 0.1, "regression": 0.0}

SEARCH: Mapping[str, Mapping[str, Any]] = {
    "model.embedding": {"low": 2, "high": 32, "log": True},
    "learning_rate": {"low": 3e-4, "high": 1e-2, "log": True},
    "weight_decay": {"low": 1e-6, "high": 1e-1, "log": True},
    "model.dropout": {"low": 0.0, "high": 0.4},
}
"""What is worth searching of networks of every kind."""


class NetworkSettings(Section):
    """What ``train.model`` says of networks of every kind."""

    embedding: Positive = 8
    """Most dimensions a category is embedded in."""
    bins: Positive = 16
    """Quantile bins of a piecewise-linear encoding."""
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Share of inputs and activations dropped in training; null is 0.1, and 0 for a regression."""

    def dropout_for(self, task: Task) -> float:
        """The share that is dropped."""
        return DROPOUT[task.contract.task] if self.dropout is None else self.dropout


def schedule_of(settings: TrainConfig, n_rows: int) -> Schedule:
    """What the settings leave open is chosen by the number of rows: few rows are seen often."""
    power_of_two = 1 << max(n_rows // FEWEST_BATCHES, 1).bit_length() - 1
    batch_size = settings.batch_size or min(max(power_of_two, SMALLEST_BATCH), LARGEST_BATCH)
    epochs = settings.epochs or min(max(ROWS_SEEN // n_rows, FEWEST_EPOCHS), MOST_EPOCHS)
    return Schedule(
        epochs=epochs,
        patience=settings.patience or max(epochs // PATIENCE_SHARE, FEWEST_PATIENCE),
        batch_size=batch_size,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
    )


def fit_network(lesson: Lesson, body: Body, title: str) -> Fitted:
    """Train a body in place; ``title`` is what progress is called."""
    settings, held_out = lesson.settings, lesson.held_out
    batches = lesson.stream or InMemory(rows=lesson.train, seed=settings.seed)
    schedule = schedule_of(settings, len(batches))
    device = choose_device(settings.device)
    validation = None
    if held_out is not None:
        score = judge(lesson.task, held_out.labels.double().numpy())
        validation = Validation(rows=held_out, score=score)
    # Threads wait for each other after every small step; beside other work that takes several times
    # as long. One is as fast for an MLP, and its sums are the same on any number of cores.
    with (
        cpu_threads(settings.threads or 1),
        progress(f"{title} {device}", schedule.epochs * len(batches), keep=False) as bar,
    ):

        def on_progress(found: Progress) -> None:
            note = f"epoch {found.epoch}: loss {found.loss:.4f}, {found.rows_per_s:,.0f} rows/s"
            bar(found.rows, note)

        def on_epoch(found: Epoch) -> None:
            if held_out is not None:
                score, most = found.validation_score, schedule.epochs
                lesson.on_round(Round(number=found.number, most=most, score=score))

        result = fit(
            body,
            lesson.head,
            batches,
            validation,
            schedule,
            device=device,
            precision=choose_precision(settings.precision, device),
            stop_after=lesson.rounds,
            columns=lesson.preprocess.names,
            checkpoints=lesson.checkpoints,
            on_progress=on_progress,
            on_epoch=on_epoch,
        )
    epochs = result.epochs
    curves = {"train_loss": [epoch.train_loss for epoch in epochs]}
    if held_out is not None:
        curves["validation_loss"] = [epoch.validation_loss for epoch in epochs]
        curves["validation_score"] = [epoch.validation_score for epoch in epochs]
    return Fitted(body=body, rounds=result.best.number, curves=curves)


def judge(task: Task, labels: npt.NDArray[np.float64]) -> Callable[[Tensor], float]:
    """The deciding metric of outputs; where few rows give it no meaning, the loss."""

    def score(outputs: Tensor) -> float:
        found = task.scores(labels, outputs.detach().double().numpy()).all()
        value = found[task.main]
        return value if value == value else -found[task.loss]

    return score
