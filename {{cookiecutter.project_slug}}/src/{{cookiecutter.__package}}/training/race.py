"""``kind: auto``: several kinds of model learn the same rows, and the best on held-out rows is taken.

The race repeats: its budget is in epochs and trees, never in seconds. What is held out is the
validation split, or, where there are few rows, one fold after another.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..config import ModelConfig, TrainConfig
from ..contract import Contract
from ..errors import ConfigError
from ..models.heads import fit_temperature
from ..models.metrics import METRICS
from ..models.tasks import Task
from ..terminal import table
from .evaluation.bootstrap import Blocks, Interval, blocks
from .evaluation.evaluate import evaluate
from .fitting import Model, fit_model, make_lesson, raw_values
from .folds import SplitBy, repeated_folds
from .kinds import Lesson, check
from .rows import Rows

# The simplest first: it wins where others are no better.
CONTESTANTS: Mapping[str, ModelConfig] = {
    "linear": ModelConfig(kind="linear"),
    "mlp": ModelConfig(kind="mlp"),
    "lightgbm": ModelConfig(kind="lightgbm"),
    "lightgbm, small trees": ModelConfig.model_validate(
        {"kind": "lightgbm", "leaves": 8, "min_leaf_rows": 50}
    ),
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one contestant reached."""

    name: str
    score: float
    """The deciding metric on held-out rows; with repeated folds, the mean of the repeats."""
    interval: Interval
    """Of the first repeat, over the same blocks as on test rows."""
    rounds: int
    """Epochs or trees; with folds, their median."""
    seconds: float


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Rows that a model did not learn from, and what it says of them."""

    labels: npt.NDArray[np.float64]
    raw: Tensor
    """``[rows, head.width]``, for calibration."""
    outputs: npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The winner, what it learned from, and how all fared."""

    winner: Model
    lesson: Lesson
    held_out: HeldOut
    entries: tuple[Entry, ...]
    """The best first."""
    how: str
    """What was held out, in words."""


def contestants(model: ModelConfig) -> Mapping[str, ModelConfig]:
    """Who runs, by name; a kind that the settings name runs alone.

    Raises:
        ConfigError: there is no such kind, or it does not take these settings.
    """
    if model.kind != "auto":
        check(model)
        return {model.kind: model}
    if model.model_extra:
        given = ", ".join(model.model_extra)
        raise ConfigError(f"train.model: kind 'auto' takes no {given}; name a kind that does")
    return CONTESTANTS


@dataclass(frozen=True, kw_only=True)
class Questions:
    """What is learned and what is held out to choose by."""

    repeats: Sequence[Sequence[Lesson]]
    """One lesson; or those of the folds, several times over."""
    rows: Rows
    """What the first repeat holds out."""
    how: str
    """What is held out, in words."""

    @property
    def folded(self) -> bool:
        """Whether folds are held out in turn."""
        return len(self.repeats[0]) > 1


def questions(
    contract: Contract, settings: TrainConfig, train: Rows, validation: Rows, split: SplitBy
) -> Questions:
    """Hold out the validation rows or, where they are few, folds of these and the training rows."""
    if len(train) + len(validation) >= settings.folds.below_rows:
        lesson = make_lesson(contract, settings, train, validation)
        how = f"{len(validation):,} validation rows"
        return Questions(repeats=[[lesson]], rows=validation, how=how)
    every = Rows.concatenate(train, validation)
    folds = list(repeated_folds(every, contract, settings, split))
    return Questions(
        repeats=[
            [make_lesson(contract, settings, every[given], every[held]) for given, held in repeat]
            for repeat in folds
        ],
        rows=every[np.concatenate([held_out for _, held_out in folds[0]])],
        how=f"{settings.folds.number} folds of {len(every):,} rows, {len(folds)} times over",
    )


def race(
    contract: Contract,
    settings: TrainConfig,
    train: Rows,
    validation: Rows,
    split: SplitBy,
    checkpoints: Path | None = None,
) -> Outcome:
    """Fit every contestant and keep the best; what was interrupted goes on."""
    choices = contestants(settings.model)
    asked = questions(contract, settings, train, validation, split)
    repeats = asked.repeats
    if asked.folded:
        checkpoints = None  # few rows are quick
    runs = {name: attempt(choice, repeats, checkpoints) for name, choice in choices.items()}
    best = max(runs, key=lambda name: runs[name].score)  # the first of equals
    winner, lesson = runs[best].models[0], repeats[0][0]
    if asked.folded:
        every = Rows.concatenate(train, validation)
        lesson = make_lesson(contract, settings, every, None, runs[best].rounds)
        winner = fit_model(lesson, choices[best])
    return Outcome(
        winner=winner,
        lesson=lesson,
        held_out=runs[best].held_out,
        entries=_entries(lesson.task, runs, blocks(contract, asked.rows, split), settings),
        how=asked.how,
    )


@torch.no_grad()
def calibrated(outcome: Outcome, settings: TrainConfig) -> HeldOut:
    """Calibrate the winner's head on what was held out, if wanted, and answer that again."""
    head, found = outcome.winner.program.head, outcome.held_out
    if settings.calibration is None or outcome.lesson.contract.task == "regression":
        return found
    fit_temperature(head, found.raw, torch.from_numpy(found.labels).float())
    return replace(found, outputs=head(found.raw).numpy())


def show(outcome: Outcome) -> None:
    """The table of the race."""
    title = METRICS[outcome.lesson.task.main].title
    table(
        f"kinds of model on {outcome.how}",
        ["", title, "rounds", "seconds"],
        [(e.name, str(e.interval), e.rounds, f"{e.seconds:.1f}") for e in outcome.entries],
    )


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What one choice of settings brought."""

    score: float
    rounds: int
    seconds: float
    models: list[Model]
    held_out: HeldOut


def attempt(
    choice: ModelConfig,
    repeats: Sequence[Sequence[Lesson]],
    checkpoints: Path | None = None,
) -> Attempt:
    """Learn every lesson; the score is the deciding metric of what they hold out."""
    start = time.perf_counter()
    models, judged = [], []
    for lessons in repeats:
        fitted = [fit_model(lesson, choice, checkpoints) for lesson in lessons]
        judged.append(_ask(fitted, lessons))
        models += fitted
    task = repeats[0][0].task
    scores = [task.scores(found.labels, found.outputs).all() for found in judged]
    mean = float(np.mean([found[task.main] for found in scores]))
    if mean != mean:  # too few rows for the metric to have a meaning
        mean = -float(np.mean([found[task.loss] for found in scores]))
    return Attempt(
        score=mean,
        rounds=int(np.median([model.fitted.rounds for model in models])),
        seconds=time.perf_counter() - start,
        models=models,
        held_out=judged[0],
    )


def _entries(
    task: Task, runs: Mapping[str, Attempt], found: Blocks, settings: TrainConfig
) -> tuple[Entry, ...]:
    evaluation = evaluate(
        task,
        next(iter(runs.values())).held_out.labels,
        {name: run.held_out.outputs for name, run in runs.items()},
        found.of,
        unit=found.unit,
        resamples=settings.gate.resamples,
        confidence=settings.gate.confidence,
        seed=settings.seed,
    )
    return tuple(
        Entry(
            name=name,
            score=run.score,
            interval=evaluation.interval(name, task.main),
            rounds=run.rounds,
            seconds=run.seconds,
        )
        for name, run in sorted(runs.items(), key=lambda item: -item[1].score)
    )


@torch.no_grad()
def _ask(models: Sequence[Model], lessons: Sequence[Lesson]) -> HeldOut:
    raws, outputs, labels = [], [], []
    for model, lesson in zip(models, lessons, strict=True):
        asked = lesson.held_out or lesson.train
        raws.append(raw_values(model, asked))
        outputs.append(model.program.head(raws[-1]).numpy())
        labels.append(asked.labels.double().numpy())
    return HeldOut(
        labels=np.concatenate(labels), raw=torch.cat(raws), outputs=np.concatenate(outputs)
    )
