"""``kind: auto``: several kinds of model learn the same rows, and the best on held-out rows wins.

The race repeats: its budget is in epochs and trees, never in seconds.
"""

import random
import time
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..config import ModelConfig, TrainConfig
from ..contract import Contract
from ..errors import ConfigError
from ..models.bundle import BATCH_ROWS
from ..models.intervals import Interval
from ..models.metrics import METRICS
from ..models.program import Program, fit_temperature
from ..models.tasks import Outputs, Task
from ..terminal import say, table
from .evaluate import Predictions, evaluate
from .folds import Holdout, SplitBy, make_holdout, make_training_set
from .kinds import KINDS, Fitted, TrainingSet, check, fit
from .kinds.loop import NetworkSettings
from .rows import Examples, Floats, Rows

# The simplest first: it wins where others are no better.
CANDIDATES: Mapping[str, ModelConfig] = {
    "linear": ModelConfig(kind="linear"),
    "mlp": ModelConfig(kind="mlp"),
    "lightgbm": ModelConfig(kind="lightgbm"),
    "lightgbm, small trees": ModelConfig.model_validate(
        {"kind": "lightgbm", "leaves": 8, "min_leaf_rows": 50}
    ),
}
LINEAR_MODEL = CANDIDATES["linear"]


@dataclass(frozen=True, kw_only=True)
class Model:
    """A program that has learned, and what it predicts for rows that it did not learn from."""

    program: Program
    choice: ModelConfig
    fitted: Fitted
    labels: Floats
    """Of the held-out rows."""
    raw: Tensor
    """What the body returns for them, ``[rows, head.width]``."""
    outputs: Outputs
    seconds: float = 0.0

    @property
    def rounds(self) -> str:
        """The best round of those that were run."""
        fitted = self.fitted
        last = max(fitted.rounds, fitted.last_round)
        return f"{fitted.rounds} of {last} {fitted.unit}s" if fitted.unit else "–"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one candidate reached."""

    name: str
    interval: Interval
    """Of the metric that ranks, on held-out rows."""
    rounds: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The winner of the race, the linear baseline, and all who took part."""

    winner: Model
    linear: Model
    """The winner itself, where that is linear."""
    entries: Sequence[Entry]
    """The best first."""


def candidates(model: ModelConfig, n_rows: int, few_rows: int) -> Mapping[str, ModelConfig]:
    """Who takes part, by name; a kind that the settings name runs alone.

    Raises:
        ConfigError: there is no such kind, or it does not take these settings.
    """
    if model.kind != "auto":
        check(model)
        return {model.kind: model}
    if model.model_extra:
        given = ", ".join(model.model_extra)
        raise ConfigError(f"train.model: kind 'auto' takes no {given}; name a kind that does")
    if n_rows >= few_rows:
        return CANDIDATES
    return {name: m for name, m in CANDIDATES.items() if not _is_network(m)}


def race(
    contract: Contract, settings: TrainConfig, train: Rows, validation: Rows, split: SplitBy
) -> Outcome:
    """Fit every candidate, show how good they are, and keep the best."""
    few_rows, n_rows = settings.folds.below_rows, len(train) + len(validation)
    choices = candidates(settings.model, n_rows, few_rows)
    if settings.model.kind == "auto" and len(choices) < len(CANDIDATES):
        say(
            f"race      mlp left out: below {few_rows:,} rows networks rarely win and take minutes"
            "\n          (train.model.kind: mlp trains one)"
        )
    holdout = make_holdout(contract, settings, train, validation, split)
    models = {name: fit_candidate(choice, holdout) for name, choice in choices.items()}
    entries = _rank(holdout, models, settings)
    best = models[entries[0].name]
    winner = linear = finalize(best, holdout)
    if best.choice != LINEAR_MODEL:
        linear = finalize(models.get("linear") or fit_candidate(LINEAR_MODEL, holdout), holdout)
    return Outcome(winner=winner, linear=linear, entries=entries)


def fit_candidate(choice: ModelConfig, holdout: Holdout) -> Model:
    """Learn every training set, and predict what each holds out.

    Of folds the first program is kept, with the median of their rounds.
    """
    start, programs, fits, raws, outputs = time.perf_counter(), [], [], [], []
    for training in holdout.sets:
        program, fitted = fit_program(training, choice)
        raws.append(raw_values(program, training.held_out or training.train))
        outputs.append(program.head(raws[-1]).detach().numpy())
        programs.append(program)
        fits.append(fitted)
    rounds = int(np.median([one.rounds for one in fits]))
    last_round = int(np.median([one.last_round for one in fits]))
    return Model(
        program=programs[0],
        choice=choice,
        fitted=replace(fits[0], rounds=rounds, last_round=last_round),
        labels=holdout.labels,
        raw=torch.cat(raws),
        outputs=np.concatenate(outputs),
        seconds=time.perf_counter() - start,
    )


def finalize(model: Model, holdout: Holdout) -> Model:
    """Fitted anew on all rows, where folds were held out; calibrated where the settings say so."""
    first = holdout.sets[0]
    if holdout.rows is not None:
        rounds = model.fitted.rounds
        every = make_training_set(first.contract, first.settings, holdout.rows, None, rounds)
        program, fitted = fit_program(every, model.choice)
        model = replace(model, program=program, fitted=fitted)
    if first.settings.calibration is None or first.contract.task == "regression":
        return model
    head = model.program.head
    with torch.no_grad():
        fit_temperature(head, model.raw, torch.from_numpy(model.labels).float())
        return replace(model, outputs=head(model.raw).numpy())


def fit_program(training: TrainingSet, choice: ModelConfig) -> tuple[Program, Fitted]:
    """One kind of model; every random draw follows ``train.seed``."""
    random.seed(training.settings.seed)
    np.random.seed(training.settings.seed)
    torch.manual_seed(training.settings.seed)
    fitted = fit(training, choice)
    head = deepcopy(training.head)  # its own: one model that is calibrated must not change another
    program = Program(training.contract, training.preprocess, fitted.body, head)
    return program.eval(), fitted


@torch.no_grad()
def raw_values(program: Program, examples: Examples) -> Tensor:
    """What the body returns for prepared rows, ``[rows, head.width]``."""
    parts = examples.split(BATCH_ROWS)
    return torch.cat([program.body(part.rows.numbers, part.rows.codes) for part in parts])


def score(task: Task, model: Model) -> float:
    """What is to be high: the deciding metric, or where it has no meaning the negative loss."""
    found = task.scores(model.labels, model.outputs).all()
    return -found[task.loss] if np.isnan(found[task.main]) else found[task.main]


def _rank(holdout: Holdout, models: Mapping[str, Model], settings: TrainConfig) -> list[Entry]:
    """The candidates, the best first, which a table shows; of equals the simplest."""
    task = holdout.task
    evaluation = evaluate(
        task,
        holdout.labels,
        {name: Predictions(outputs=model.outputs) for name, model in models.items()},
        holdout.blocks,
        resamples=settings.gate.resamples,
        confidence=settings.gate.confidence,
        seed=settings.seed,
    )
    values = evaluation.values
    undefined = any(np.isnan(values[name][task.main]) for name in models)
    by = task.loss if undefined else task.main
    ranked = sorted(models, key=lambda name: -METRICS[by].sign * values[name][by])
    entries = [
        Entry(name=name, interval=evaluation.interval(name, by), rounds=models[name].rounds)
        for name in ranked
    ]
    title = METRICS[by].title
    table(
        f"kinds of model, ranked by {title} on {holdout.description}",
        ["", title, "best round", "seconds"],
        [(e.name, str(e.interval), e.rounds, f"{models[e.name].seconds:.1f}") for e in entries],
    )
    return entries


def _is_network(model: ModelConfig) -> bool:
    return issubclass(KINDS[model.kind].settings, NetworkSettings)
