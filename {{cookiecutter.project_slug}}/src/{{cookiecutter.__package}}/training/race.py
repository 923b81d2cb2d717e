"""``kind: auto``: several kinds of model learn the same rows, and the best on held-out rows wins.

The race repeats: its budget is in epochs and trees, never in seconds.
"""

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..config import ModelConfig, TrainConfig
from ..contract import Contract
from ..errors import ConfigError
from ..models.bundle import BATCH_ROWS
from ..models.intervals import Bootstrap
from ..models.metrics import METRICS
from ..models.preprocess import fit_preprocess
from ..models.program import Head, Program
from ..models.tasks import Outputs, Task, task_of
from ..terminal import say, table
from .evaluate import evaluate
from .kinds import KINDS, Fitted, TrainingSet, check, fit
from .kinds.loop import NetworkSettings
from .rows import Examples, Floats, Rows, SplitBy, bootstrap_of, make_folds

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
Ranking = Sequence[Mapping[str, Any]]
"""Of each candidate its ``name``, ``rounds``, and ``interval`` of the metric that ranks; the best first."""


@dataclass(frozen=True, kw_only=True)
class Holdout:
    """What to learn from, and the rows to choose by."""

    sets: Sequence[TrainingSet]
    """One, or one for each fold."""
    labels: Floats
    """Of all rows that are held out, fold after fold."""
    bootstrap: Bootstrap
    """Of the same rows."""
    rows: Rows | None
    """All rows, to learn from once a kind is chosen; none where one split is held out."""
    description: str

    @property
    def task(self) -> Task:
        """What is learned."""
        return self.sets[0].task


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
    seconds: float

    @property
    def rounds(self) -> str:
        """The best round of those that were run."""
        fitted = self.fitted
        last = max(fitted.rounds, fitted.last_round)
        return f"{fitted.rounds} of {last} {fitted.unit}s" if fitted.unit else "–"


def candidates(model: ModelConfig, n_rows: int, few_rows: int) -> Mapping[str, ModelConfig]:
    """Who takes part, by name; a kind that the settings name runs alone.

    Raises:
        ConfigError: there is no such kind, or it does not take these settings.
    """
    if model.kind != "auto":
        check(model)
        return {model.kind: model}
    if model.model_extra:
        extra = ", ".join(model.model_extra)
        raise ConfigError(f"train.model: kind 'auto' takes no {extra}; name a kind that does")
    return {
        name: choice
        for name, choice in CANDIDATES.items()
        if n_rows >= few_rows or not issubclass(KINDS[choice.kind].settings, NetworkSettings)
    }


def race(
    contract: Contract, settings: TrainConfig, train: Rows, validation: Rows, split: SplitBy
) -> tuple[Model, Model, Ranking]:
    """The best candidate, the linear baseline (itself, where that is the best), and the ranking."""
    few_rows, n_rows = settings.folds.below_rows, len(train) + len(validation)
    choices = candidates(settings.model, n_rows, few_rows)
    if settings.model.kind == "auto" and len(choices) < len(CANDIDATES):
        say(
            f"race      mlp left out: below {few_rows:,} rows networks rarely win and take minutes"
            "\n          (train.model.kind: mlp trains one)"
        )
    holdout = make_holdout(contract, settings, train, validation, split)
    models = {name: fit_candidate(choice, holdout) for name, choice in choices.items()}
    ranking = _rank(holdout, models)
    best = models[ranking[0]["name"]]
    winner = linear = finalize(best, holdout)
    if best.choice != LINEAR_MODEL:
        linear = finalize(models.get("linear") or fit_candidate(LINEAR_MODEL, holdout), holdout)
    return winner, linear, ranking


def make_holdout(
    contract: Contract, settings: TrainConfig, train: Rows, validation: Rows, split: SplitBy
) -> Holdout:
    """Hold out the validation rows or, of few rows, folds of these and the training rows.

    Raises:
        DataError: folds are by group, and the rows are of one group or do not say of which.
    """
    pairs, held_out, rows = [(train, validation)], validation, None
    description = f"{len(validation):,} validation rows"
    if len(train) + len(validation) < settings.folds.below_rows:
        rows = Rows.concatenate(train, validation)
        folds = make_folds(rows, contract, settings, split)
        pairs = [(rows[learned], rows[apart]) for learned, apart in folds]
        held_out = rows[np.concatenate([apart for _, apart in folds])]
        description = f"{len(folds)} folds of {len(rows):,} rows"
    return Holdout(
        sets=[make_training_set(contract, settings, *pair) for pair in pairs],
        labels=held_out.labels,
        bootstrap=bootstrap_of(contract, held_out, split, settings),
        rows=rows,
        description=description,
    )


def make_training_set(
    contract: Contract,
    settings: TrainConfig,
    train: Rows,
    held_out: Rows | None,
    rounds: int | None = None,
) -> TrainingSet:
    """Fit what every kind of model shares, and prepare the rows once for all of them."""
    preprocess = fit_preprocess(contract, train.inputs)

    def examples(rows: Rows) -> Examples:
        labels = torch.from_numpy(rows.labels).float()
        return Examples(rows=preprocess.prepare(rows.inputs), labels=labels)

    return TrainingSet(
        contract=contract,
        task=task_of(contract),
        preprocess=preprocess,
        head=Head(contract.task, train.labels, len(contract.labels or ())),
        train=examples(train),
        held_out=None if held_out is None else examples(held_out),
        rounds=rounds,
        settings=settings,
    )


def fit_candidate(choice: ModelConfig, holdout: Holdout) -> Model:
    """Learn every training set, and predict what each holds out.

    Of folds the first program stays, with the median of their rounds.
    """
    start, fits, raws, outputs = time.perf_counter(), [], [], []
    for training in holdout.sets:
        fits.append(fit_program(training, choice))
        program, _ = fits[-1]
        with torch.no_grad():
            parts = (training.held_out or training.train).split(BATCH_ROWS)
            raw = [program.body(part.rows.numbers, part.rows.codes) for part in parts]
            raws.append(torch.cat(raw))
            outputs.append(program.head(raws[-1]).numpy())
    rounds, last = np.median([(fitted.rounds, fitted.last_round) for _, fitted in fits], axis=0)
    program, fitted = fits[0]
    return Model(
        program=program,
        choice=choice,
        fitted=replace(fitted, rounds=int(rounds), last_round=int(last)),
        labels=holdout.labels,
        raw=torch.cat(raws),
        outputs=np.concatenate(outputs),
        seconds=time.perf_counter() - start,
    )


def finalize(model: Model, holdout: Holdout) -> Model:
    """Fitted anew on all rows, where folds were held out."""
    if holdout.rows is None:
        return model
    contract, settings = holdout.sets[0].contract, holdout.sets[0].settings
    training = make_training_set(contract, settings, holdout.rows, None, model.fitted.rounds)
    program, fitted = fit_program(training, model.choice)
    return replace(model, program=program, fitted=fitted)


def fit_program(training: TrainingSet, choice: ModelConfig) -> tuple[Program, Fitted]:
    """One kind of model; every random draw follows ``train.seed``."""
    random.seed(training.settings.seed)
    np.random.seed(training.settings.seed)
    torch.manual_seed(training.settings.seed)
    fitted = fit(training, choice)
    program = Program(training.contract, training.preprocess, fitted.body, training.head)
    return program.eval(), fitted


def score(task: Task, model: Model) -> float:
    """What is to be high: the deciding metric, or where it has no meaning the negative loss."""
    metrics = task.scores(model.labels, model.outputs).all()
    return -metrics[task.loss] if np.isnan(metrics[task.main]) else metrics[task.main]


def _rank(holdout: Holdout, models: Mapping[str, Model]) -> Ranking:
    """The candidates, the best first, which a table shows; of equals the simplest."""
    task = holdout.task
    scores = {name: task.scores(model.labels, model.outputs) for name, model in models.items()}
    evaluation = evaluate(scores, holdout.bootstrap)
    undefined = any(np.isnan(values[task.main]) for values in evaluation.values.values())
    metric = task.loss if undefined else task.main
    title, sign = METRICS[metric].title, METRICS[metric].sign
    ranking: list[dict[str, Any]] = [
        {"name": name, "interval": evaluation.interval(name, metric), "rounds": model.rounds}
        for name, model in models.items()
    ]
    ranking.sort(key=lambda one: -sign * one["interval"].value)
    table(
        f"kinds of model, ranked by {title} on {holdout.description}",
        ["", title, "best round", "seconds"],
        [(*map(str, one.values()), f"{models[one['name']].seconds:.1f}") for one in ranking],
    )
    return ranking
