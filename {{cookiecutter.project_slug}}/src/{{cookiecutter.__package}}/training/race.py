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
from ..models.calibration import fit_temperature
from ..models.intervals import Interval
from ..models.metrics import METRICS
from ..models.program import Program
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
    """A program that has learned, and how."""

    program: Program
    choice: ModelConfig
    fitted: Fitted


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one candidate reached."""

    name: str
    interval: Interval
    """Of the metric that ranks, on held-out rows."""
    fitted: Fitted

    @property
    def rounds(self) -> str:
        """The best round of those that were run."""
        fitted = self.fitted
        return f"{fitted.rounds} of {fitted.last_round} {fitted.unit}s" if fitted.unit else "–"


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Rows that a model did not learn from, and what it predicts for them."""

    labels: Floats
    raw: Tensor
    """``[rows, head.width]``, for calibration."""
    outputs: Outputs


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one candidate learned from a holdout."""

    models: Sequence[Model]
    """One for each training set."""
    held_out: HeldOut
    scores: Mapping[str, float]
    """Each metric on held-out rows."""
    seconds: float

    @property
    def fitted(self) -> Fitted:
        """The first fit, with the median rounds of all."""
        fits = [model.fitted for model in self.models]
        rounds = int(np.median([one.rounds for one in fits]))
        last_round = int(np.median([one.last_round for one in fits]))
        return replace(fits[0], rounds=rounds, last_round=max(rounds, last_round))


@dataclass(frozen=True, kw_only=True)
class Finalist:
    """A model to export, and rows to choose its threshold by."""

    model: Model
    held_out: HeldOut


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The winner of the race, the linear baseline, and all who took part."""

    winner: Finalist
    linear: Finalist
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
    results = {name: fit_candidate(choice, holdout) for name, choice in choices.items()}
    entries = _rank(holdout, results, settings)
    best = entries[0].name
    winner = linear = finalist(choices[best], results[best], holdout)
    if choices[best] != LINEAR_MODEL:
        result = results.get("linear") or fit_candidate(LINEAR_MODEL, holdout)
        linear = finalist(LINEAR_MODEL, result, holdout)
    return Outcome(winner=winner, linear=linear, entries=entries)


def finalist(choice: ModelConfig, result: Result, holdout: Holdout) -> Finalist:
    """Fitted anew on all rows, where folds were held out; calibrated where the settings say so."""
    model, first = result.models[0], holdout.sets[0]
    if holdout.rows is not None:
        rounds = result.fitted.rounds
        every = make_training_set(first.contract, first.settings, holdout.rows, None, rounds)
        model = fit_model(every, choice)
    held_out, head = result.held_out, model.program.head
    if first.settings.calibration and first.contract.task != "regression":
        with torch.no_grad():
            fit_temperature(head, held_out.raw, torch.from_numpy(held_out.labels).float())
            held_out = replace(held_out, outputs=head(held_out.raw).numpy())
    return Finalist(model=model, held_out=held_out)


def fit_candidate(choice: ModelConfig, holdout: Holdout) -> Result:
    """Learn every training set, and predict what each holds out."""
    start = time.perf_counter()
    models = [fit_model(training, choice) for training in holdout.sets]
    raws = [
        raw_values(model, training.held_out or training.train)
        for model, training in zip(models, holdout.sets, strict=True)
    ]
    with torch.no_grad():
        heads = zip(models, raws, strict=True)
        outputs = np.concatenate([model.program.head(raw).numpy() for model, raw in heads])
    return Result(
        models=models,
        held_out=HeldOut(labels=holdout.labels, raw=torch.cat(raws), outputs=outputs),
        scores=holdout.task.scores(holdout.labels, outputs).all(),
        seconds=time.perf_counter() - start,
    )


def fit_model(training: TrainingSet, choice: ModelConfig) -> Model:
    """One kind of model; every random draw follows ``train.seed``."""
    random.seed(training.settings.seed)
    np.random.seed(training.settings.seed)
    torch.manual_seed(training.settings.seed)
    fitted = fit(training, choice)
    head = deepcopy(training.head)  # its own: one model that is calibrated must not change another
    program = Program(training.contract, training.preprocess, fitted.body, head)
    return Model(program=program.eval(), choice=choice, fitted=fitted)


@torch.no_grad()
def raw_values(model: Model, examples: Examples) -> Tensor:
    """What the body returns for prepared rows, ``[rows, head.width]``."""
    parts = examples.split(BATCH_ROWS)
    return torch.cat([model.program.body(part.rows.numbers, part.rows.codes) for part in parts])


def score(task: Task, scores: Mapping[str, float]) -> float:
    """What is to be high: the deciding metric, or where it has no meaning the negative loss."""
    value = scores[task.main]
    return value if value == value else -scores[task.loss]


def _rank(holdout: Holdout, results: Mapping[str, Result], settings: TrainConfig) -> list[Entry]:
    """The candidates, the best first, which a table shows; of equals the simplest."""
    task = holdout.task
    undefined = any(np.isnan(result.scores[task.main]) for result in results.values())
    by = task.loss if undefined else task.main
    evaluation = evaluate(
        task,
        holdout.labels,
        {name: Predictions(outputs=r.held_out.outputs) for name, r in results.items()},
        holdout.blocks,
        resamples=settings.gate.resamples,
        confidence=settings.gate.confidence,
        seed=settings.seed,
    )
    ranked = sorted(results, key=lambda name: -METRICS[by].sign * results[name].scores[by])
    entries = [
        Entry(name=name, interval=evaluation.interval(name, by), fitted=results[name].fitted)
        for name in ranked
    ]
    table(
        f"kinds of model, ranked by {METRICS[by].title} on {holdout.description}",
        ["", METRICS[by].title, "best round", "seconds"],
        [(e.name, str(e.interval), e.rounds, f"{results[e.name].seconds:.1f}") for e in entries],
    )
    return entries


def _is_network(model: ModelConfig) -> bool:
    return issubclass(KINDS[model.kind].settings, NetworkSettings)
