"""``kind: auto``: several kinds of model learn the same rows; the best, or a blend of them, is taken.

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
from ..models.program import Blend, Head, Program
from ..models.tasks import Outputs, Task, choose_threshold, task_of
from ..terminal import table
from .choice import Weights, choose, pool
from .kinds import Fitted, TrainingSet, read_kind
from .rows import Examples, Rows, bootstrap_of, make_folds, make_rows

MOST_REFITTED = 1_000_000
"""Training rows above which the validation rows add too little to be worth learning all again."""
LINEAR_MODEL = ModelConfig(kind="linear")
SMALL_TREES = {"num_leaves": 8, "min_data_in_leaf": 50}
SMALL_STEPS = {
    "learning_rate": 0.04,
    "num_leaves": 63,
    "min_data_in_leaf": 40,
    "bagging_fraction": 0.75,
    "trees": 3_000,
}
# The simplest first: of equals it is taken.
CANDIDATES: Mapping[str, ModelConfig] = {
    "linear": LINEAR_MODEL,
    "lightgbm small trees": ModelConfig.model_validate({"kind": "lightgbm"} | SMALL_TREES),
    "lightgbm": ModelConfig(kind="lightgbm"),
    "lightgbm small steps": ModelConfig.model_validate({"kind": "lightgbm"} | SMALL_STEPS),
    "mlp": ModelConfig(kind="mlp"),
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
    """The best candidate, or blend of some, and the linear baseline, which may be the same."""
    holdout = make_holdout(settings, train, validation)
    choices = candidates(settings.model, few_rows=holdout.all_rows is not None)
    models = {name: fit_candidate(choice, holdout) for name, choice in choices.items()}
    weights = weigh(settings, holdout, models)
    if "linear" not in models:
        models["linear"] = fit_candidate(LINEAR_MODEL, holdout)
    chosen = {name: models[name] for name in dict.fromkeys([*weights, "linear"])}
    final = finalize(chosen, holdout)
    members = {name: final[name] for name in weights}
    winner = blend(members, weights, holdout) if len(members) > 1 else members[next(iter(weights))]
    return winner, final["linear"]


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
    program, fitted = fits[0]
    fitted = replace(fitted, rounds=int(rounds), last_round=int(last))
    return make_model(program, choice, fitted, outputs, holdout)


def make_model(
    program: Program, choice: ModelConfig, fitted: Fitted, outputs: Outputs, holdout: Holdout
) -> Model:
    """A program with the threshold that is best for its outputs on the rows that are held out."""
    contract, threshold, why = holdout.rows.contract, None, None
    if contract.task == "binary":
        objective = holdout.sets[0].settings.threshold
        threshold, why = choose_threshold(holdout.rows.labels, outputs, objective)
    return Model(
        program=program,
        choice=choice,
        fitted=fitted,
        outputs=outputs,
        task=task_of(contract, threshold),
        threshold_why=why,
    )


def finalize(models: Mapping[str, Model], holdout: Holdout) -> dict[str, Model]:
    """Models fitted anew on all rows, with the rounds that were best, where that helps."""
    first, all_rows = holdout.sets[0], holdout.all_rows
    if all_rows is not None:
        everything = make_training_set(first.settings, all_rows, None)
        return {name: refit(model, everything) for name, model in models.items()}
    refits = {name: model for name, model in models.items() if model.fitted.refits}
    if not refits or first.held_out is None or len(first.train) > MOST_REFITTED:
        return dict(models)
    everything = replace(first, train=first.train + first.held_out, held_out=None)
    fitted = {name: refit(model, everything) for name, model in refits.items()}
    for name, model in fitted.items():  # the curves on the validation rows say more
        kept = replace(refits[name].fitted, body=model.fitted.body)
        fitted[name] = replace(model, fitted=kept)
    return {**models, **fitted}


def refit(model: Model, everything: TrainingSet) -> Model:
    """A model that learned all rows, in as many rounds as were best without some of them."""
    training = replace(everything, rounds=model.fitted.rounds)
    program, fitted = fit_program(training, model.choice)
    return replace(model, program=program, fitted=fitted)


def blend(members: Mapping[str, Model], weights: Weights, holdout: Holdout) -> Model:
    """Several models as one program; its curves are those of the member with the largest weight."""
    heaviest = members[max(weights, key=weights.__getitem__)]
    body = Blend([model.program.body for model in members.values()], [*weights.values()])
    program = Program(
        holdout.rows.contract, heaviest.program.preprocess, body, heaviest.program.head
    )
    about = [
        {"name": n, "weight": weights[n], "rounds": model.fitted.rounds} | model.choice.model_dump()
        for n, model in members.items()
    ]
    choice = ModelConfig.model_validate({"kind": "blend", "members": about})
    outputs = pool(heaviest.task, {n: model.outputs for n, model in members.items()}, weights)
    fitted = replace(heaviest.fitted, body=body)
    return make_model(program.eval(), choice, fitted, outputs, holdout)


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


def weigh(settings: TrainConfig, holdout: Holdout, models: Mapping[str, Model]) -> Weights:
    """The weight of each candidate that is taken; a table shows all, the lowest loss first."""
    labels, bootstrap = holdout.rows.labels, bootstrap_of(holdout.rows, settings)
    task, outputs = task_of(holdout.rows.contract), {n: m.outputs for n, m in models.items()}
    weights = choose(task, labels, outputs, bootstrap, settings.max_members)
    measured = {n: bootstrap.measure(task.scores(labels, one)) for n, one in outputs.items()}
    titles, lines = [METRICS[name].title for name in (task.loss, task.main)], []
    for name in sorted(models, key=lambda name: measured[name][0][task.loss]):
        (values, by_draw), fitted = measured[name], models[name].fitted
        interval = bootstrap.interval(values[task.loss], by_draw[task.loss])
        main = None if np.isnan(values[task.main]) else values[task.main]
        rounds = f"{fitted.rounds} of {fitted.last_round}" if fitted.last_round > 1 else None
        weight = f"{weights[name]:.0%}" if name in weights else None
        lines.append((name, str(interval), main, rounds, weight))
    n, k = len(labels), len(holdout.parts)
    rows = f"{n:,} validation rows" if k == 1 else f"{n:,} rows in {k} folds"
    table(f"kinds of model by {titles[0]} on {rows}", ["", *titles, "best round", "weight"], lines)
    return weights
