"""Rows to a trained program."""

import random
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..config import TrainConfig
from ..contract import Contract
from ..models.bundle import BATCH_ROWS
from ..models.heads import make_head
from ..models.inputs import Inputs
from ..models.metrics import METRICS
from ..models.networks import Mlp
from ..models.program import Prepared, Program, fit_encoding
from ..models.tasks import Task, task_of
from ..terminal import progress, table
from .loop import Epoch, FitResult, Schedule, choose_device, fit
from .rows import Rows

SMALLEST_BATCH, LARGEST_BATCH, FEWEST_BATCHES = 32, 1024, 16
ROWS_SEEN = 1_200_000
# Noise on inputs costs a regression more than it guards against.
DROPOUT = {"binary": 0.1, "multiclass": 0.1, "regression": 0.0}
FEWEST_EPOCHS, MOST_EPOCHS, FEWEST_PATIENCE = 5, 200, 3


def schedule_of(settings: TrainConfig, n_rows: int) -> Schedule:
    """What the settings leave open is chosen by the number of rows: few rows are seen often."""
    power_of_two = 1 << max(n_rows // FEWEST_BATCHES, 1).bit_length() - 1
    batch_size = settings.batch_size or min(max(power_of_two, SMALLEST_BATCH), LARGEST_BATCH)
    epochs = settings.epochs or min(max(ROWS_SEEN // n_rows, FEWEST_EPOCHS), MOST_EPOCHS)
    return Schedule(
        epochs=epochs,
        patience=settings.patience or max(epochs // 5, FEWEST_PATIENCE),
        batch_size=batch_size,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
    )


def train_program(
    contract: Contract, settings: TrainConfig, train: Rows, validation: Rows
) -> tuple[Program, FitResult, Prepared]:
    """Fit encoding, head and network; return the program, the epochs and the prepared rows."""
    task, model = task_of(contract), settings.model
    calendar, encoder, vocabularies = fit_encoding(contract, train.inputs, bins=model.bins)
    head = make_head(contract.task, train.labels, len(contract.labels or ()))
    network = Mlp(
        width=encoder.size,
        sizes=[len(vocabulary) + 1 for vocabulary in vocabularies],
        hidden=model.hidden,
        embedding=model.embedding,
        dropout=DROPOUT[contract.task] if model.dropout is None else model.dropout,
        start=head.start,
    )
    program = Program(
        contract,
        calendar=calendar,
        encoder=encoder,
        vocabularies=vocabularies,
        network=network,
        head=head,
    )
    prepared = program.prepare(train.inputs)
    schedule = schedule_of(settings, len(prepared))
    device = choose_device(settings.device)
    title = METRICS[task.main].title
    with progress("train", schedule.epochs * len(prepared)) as bar:

        def on_epoch(epoch: Epoch) -> None:
            bar(0, f"epoch {epoch.number}: validation {title} {epoch.validation_score:.4f}")

        result = fit(
            program.body,
            head,
            (prepared, _tensor(train.labels)),
            (program.prepare(validation.inputs), _tensor(validation.labels)),
            schedule,
            device=device,
            score=_judge(task, validation.labels),
            on_batch=bar,
            on_epoch=on_epoch,
        )
    show_epochs(result, f"epochs on {device} ({encoder.size} encoded columns)", title)
    return program, result, prepared


def show_epochs(result: FitResult, title: str, metric: str, most: int = 12) -> None:
    """A line for each epoch; of many, some, the best and the last."""
    step = -(-len(result.epochs) // most)
    shown = [e for e in result.epochs if e.number % step == 0 or e.number == 1 or e == result.best]
    table(
        title,
        ["epoch", "train loss", "validation loss", f"validation {metric}", ""],
        [
            (
                e.number,
                e.train_loss,
                e.validation_loss,
                e.validation_score,
                "best" * (e == result.best),
            )
            for e in shown
        ],
    )


def _judge(task: Task, labels: npt.NDArray[np.float64]) -> Callable[[Tensor], float]:
    """The deciding metric; where few rows give it no meaning, the loss."""

    def score(outputs: Tensor) -> float:
        found = task.scores(labels, outputs.detach().double().numpy()).all()
        value = found[task.main]
        return value if value == value else -found[task.loss]

    return score


@torch.no_grad()
def torch_outputs(program: Program, inputs: Inputs) -> npt.NDArray[np.float32]:
    """The program's own answers, for comparing with the graph's."""
    parts = [
        program(program.tensors(inputs[start : start + BATCH_ROWS])).numpy()
        for start in range(0, len(inputs), BATCH_ROWS)
    ]
    return np.concatenate(parts)


def seed_everything(settings: TrainConfig) -> None:
    """Every random draw follows ``train.seed``."""
    random.seed(settings.seed)
    np.random.seed(settings.seed)
    torch.manual_seed(settings.seed)
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)


def _tensor(labels: npt.NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(labels.astype(np.float32))
