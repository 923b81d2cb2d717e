"""``kind: auto``: several kinds of model learn the same rows, and the best on held-out rows wins.

The race repeats: its budget is in epochs and trees, never in seconds.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import torch

from ..config import ModelConfig, TrainConfig
from ..errors import ConfigError
from ..models.metrics import METRICS
from ..models.preprocess import fit_preprocess
from ..models.program import Head, Program
from ..models.tasks import Outputs, Task, choose_threshold, task_of
from ..terminal import table
from .kinds import Fitted, TrainingSet, read_kind
from .rows import Examples, Rows, bootstrap_of, make_folds, make_rows

LINEAR_MODEL = ModelConfig(kind="linear")
# The simplest first: it wins where others are no better.
CANDIDATES: Mapping[str, ModelConfig] = {
    "linear": LINEAR_MODEL,
    "mlp": ModelConfig(kind="mlp"),
    "lightgbm": ModelConfig(kind="lightgbm"),
    "lightgbm, small trees": ModelConfig.model_validate(
        {"kind": "lightgbm", "num_leaves": 8, "min_data_in_leaf": 50}
    ),
}


@dataclass(frozen=True, kw_only=True)
class Holdout:
    """What to learn from, and the rows to choose by: the validation rows, or folds of few rows."""

    sets: Sequence[TrainingSet]
    parts: Sequence[Rows]
    """What each set holds out."""
    rows: Rows
    """All that are held out, part after part."""
    all_rows: Rows | None
    """What folds were made of, to learn from once a kind is chosen."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """A program that has learned, and what it predicts for rows that it did not learn from."""

    program: Program
    choice: ModelConfig
    fitted: Fitted
    outputs: Outputs
    """For the rows that are held out."""
    task: Task
    """With the threshold that was chosen on these, if it is binary."""
    threshold_why: str | None


def candidates(model: ModelConfig, *, few_rows: bool) -> Mapping[str, ModelConfig]:
    """Who takes part, by name; a kind that the settings name runs alone.

    Of few rows networks are left out: they rarely win, and take minutes.

    Raises:
        ConfigError: there is no such kind, or it does not take these settings.
    """
    if model.kind != "auto":
        read_kind(model)
        return {model.kind: model}
    if model.model_extra:
        extra = ", ".join(model.model_extra)
        raise ConfigError(f"train.model: kind 'auto' takes no {extra}; name a kind that does")
    return {name: one for name, one in CANDIDATES.items() if not few_rows or one.kind != "mlp"}


def race(settings: TrainConfig, train: Rows, validation: Rows) -> tuple[Model, Model]:
    """The best candidate and the linear baseline, which may be the same."""
    holdout = make_holdout(settings, train, validation)
    choices = candidates(settings.model, few_rows=holdout.all_rows is not None)
    models = {name: fit_candidate(choice, holdout) for name, choice in choices.items()}
    best = models[rank(settings, holdout, models)[0]]
    linear = models.get("linear") or fit_candidate(LINEAR_MODEL, holdout)
    winner = finalize(best, holdout)
    return winner, winner if best is linear else finalize(linear, holdout)


def make_holdout(settings: TrainConfig, train: Rows, validation: Rows) -> Holdout:
    """Hold out the validation rows or, of few rows, folds of these and the training rows."""
    pairs, held_out, all_rows = [(train, validation)], validation, None
    if len(train) + len(validation) < settings.folds_below_rows:
        both = pa.concat_tables([train.table, validation.table])
        all_rows = make_rows(train.contract, both, train.split_by)
        folds = make_folds(all_rows, settings.seed)
        pairs = [(all_rows[learned], all_rows[apart]) for learned, apart in folds]
        held_out = all_rows[np.concatenate([apart for _, apart in folds])]
    return Holdout(
        sets=[make_training_set(settings, learned, apart) for learned, apart in pairs],
        parts=[apart for _, apart in pairs],
        rows=held_out,
        all_rows=all_rows,
    )


def make_training_set(
    settings: TrainConfig, train: Rows, held_out: Rows | None, rounds: int | None = None
) -> TrainingSet:
    """Fit what every kind of model shares, and prepare the rows once for all of them."""
    contract = train.contract
    preprocess = fit_preprocess(contract, train.inputs)

    def examples(rows: Rows) -> Examples:
        numbers, codes = preprocess.prepare(rows.inputs)
        labels = torch.from_numpy(rows.labels).float()
        return Examples(numbers=numbers, codes=codes, labels=labels)

    return TrainingSet(
        contract=contract,
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
    fits = [fit_program(training, choice) for training in holdout.sets]
    pairs = zip(fits, holdout.parts, strict=True)
    outputs = np.concatenate([program.predict(part.inputs) for (program, _), part in pairs])
    rounds, last = np.median([(one.rounds, one.last_round) for _, one in fits], axis=0)
    contract, threshold, why = holdout.rows.contract, None, None
    if contract.task == "binary":
        objective = holdout.sets[0].settings.threshold
        threshold, why = choose_threshold(holdout.rows.labels, outputs, objective)
    program, fitted = fits[0]
    return Model(
        program=program,
        choice=choice,
        fitted=replace(fitted, rounds=int(rounds), last_round=int(last)),
        outputs=outputs,
        task=task_of(contract, threshold),
        threshold_why=why,
    )


def finalize(model: Model, holdout: Holdout) -> Model:
    """Fitted anew on all rows, where folds were held out."""
    if holdout.all_rows is None:
        return model
    settings, rounds = holdout.sets[0].settings, model.fitted.rounds
    training = make_training_set(settings, holdout.all_rows, None, rounds)
    program, fitted = fit_program(training, model.choice)
    return replace(model, program=program, fitted=fitted)


def fit_program(training: TrainingSet, choice: ModelConfig) -> tuple[Program, Fitted]:
    """One kind of model; every random draw follows ``train.seed``.

    One thread is as fast for a network, and its sums are the same on any number of cores.
    """
    random.seed(training.settings.seed)
    np.random.seed(training.settings.seed)
    torch.manual_seed(training.settings.seed)
    torch.set_num_threads(1)
    fitted = read_kind(choice)(training)
    program = Program(training.contract, training.preprocess, fitted.body, training.head)
    return program.eval(), fitted


def rank(settings: TrainConfig, holdout: Holdout, models: Mapping[str, Model]) -> list[str]:
    """The candidates' names, the best first, which a table shows; of equals the simplest.

    Where the deciding metric has no meaning, such as on labels of one kind, the loss ranks.
    """
    labels, bootstrap = holdout.rows.labels, bootstrap_of(holdout.rows, settings)
    task = task_of(holdout.rows.contract)
    measured = {
        name: bootstrap.measure(task.scores(labels, model.outputs))
        for name, model in models.items()
    }
    undefined = any(np.isnan(values[task.main]) for values, _ in measured.values())
    metric = task.loss if undefined else task.main
    title, sign = METRICS[metric].title, METRICS[metric].sign
    names, lines = sorted(models, key=lambda name: -sign * measured[name][0][metric]), []
    for name in names:
        values, by_draw = measured[name]
        interval, fitted = bootstrap.interval(values[metric], by_draw[metric]), models[name].fitted
        rounds = f"{fitted.rounds} of {fitted.last_round}" if fitted.last_round > 1 else "–"
        lines.append((name, str(interval), rounds))
    n, k = len(labels), len(holdout.parts)
    rows = f"{n:,} validation rows" if k == 1 else f"{n:,} rows in {k} folds"
    table(f"kinds of model by {title} on {rows}", ["", title, "best round"], lines)
    return names
