"""What models are chosen by: validation rows, or, where rows are few, folds of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.model_selection import (
    BaseCrossValidator,
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
)

from ..config import TrainConfig
from ..contract import Contract
from ..errors import DataError
from ..models.inputs import Inputs
from ..models.preprocess import fit_preprocess
from ..models.program import Head
from ..models.tasks import Task, task_of
from .kinds import TrainingSet
from .rows import Blocks, Examples, Floats, Integers, Rows, blocks, times

Fold = tuple[Integers, Integers]
"""Rows to learn from, and rows held out."""
SplitBy = Mapping[str, Any]
"""How the dataset was split, as its manifest says."""


@dataclass(frozen=True, kw_only=True)
class Holdout:
    """What to learn from, and the rows to choose by."""

    sets: Sequence[TrainingSet]
    """One, or one for each fold."""
    labels: Floats
    """Of all rows that are held out, fold after fold."""
    blocks: Blocks
    rows: Rows | None
    """All rows, to learn from once a kind is chosen; none where one split is held out."""
    description: str
    """What is held out, in words."""

    @property
    def task(self) -> Task:
        """What is learned."""
        return self.sets[0].task


def make_holdout(
    contract: Contract, settings: TrainConfig, train: Rows, validation: Rows, split: SplitBy
) -> Holdout:
    """Hold out the validation rows or, of few rows, folds of these and the training rows.

    Raises:
        DataError: folds are by group, and the rows are of one group or do not say of which.
    """
    if len(train) + len(validation) >= settings.folds.below_rows:
        return Holdout(
            sets=[make_training_set(contract, settings, train, validation)],
            labels=validation.labels,
            blocks=blocks(contract, validation, split),
            rows=None,
            description=f"{len(validation):,} validation rows",
        )
    every = Rows.concatenate(train, validation)
    folds = make_folds(every, contract, settings, split)
    held_out = every[np.concatenate([held_out for _, held_out in folds])]
    return Holdout(
        sets=[make_training_set(contract, settings, every[a], every[b]) for a, b in folds],
        labels=held_out.labels,
        blocks=blocks(contract, held_out, split),
        rows=every,
        description=f"{len(folds)} folds of {len(every):,} rows",
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

    def examples(inputs: Inputs, labels: Floats) -> Examples:
        return Examples(rows=preprocess.prepare(inputs), labels=torch.from_numpy(labels).float())

    return TrainingSet(
        contract=contract,
        task=task_of(contract),
        preprocess=preprocess,
        head=Head(contract.task, train.labels, len(contract.labels or ())),
        train=examples(train.inputs, train.labels),
        held_out=None if held_out is None else examples(held_out.inputs, held_out.labels),
        rounds=rounds,
        settings=settings,
    )


def make_folds(rows: Rows, contract: Contract, settings: TrainConfig, split: SplitBy) -> list[Fold]:
    """Folds like the split between training and test: by time, by group, or by rows.

    Of time the past is learned from and the time after it held out. Else each row is held out once,
    no group is on both sides, and labels keep their shares.
    """
    number, by = settings.folds.number, split.get("by", "date")
    if by in {"date", "recent"} and contract.time is not None:
        order = np.argsort(times(contract, rows), kind="stable")
        folds = TimeSeriesSplit(number).split(order)
        return [(np.sort(order[past]), np.sort(order[after])) for past, after in folds]
    regression = contract.task == "regression"
    kind: type[BaseCrossValidator] = KFold if regression else StratifiedKFold
    groups = None
    if by == "group":
        groups = _groups(rows, split["group"])
        number = min(number, int(groups.max()) + 1)
        kind = GroupKFold if regression else StratifiedGroupKFold
    splitter = kind(number, shuffle=True, random_state=settings.seed)
    return list(splitter.split(np.zeros(len(rows)), rows.labels, groups))


def _groups(rows: Rows, name: str) -> Integers:
    """The number of each row's group."""
    if name not in rows.table.column_names:
        raise DataError(
            f"data.split.group is '{name}', a personal column, which datasets leave out; so few rows"
            " need it for their folds: group by another column, or set train.folds.below_rows to 0"
        )
    texts = rows.table[name].cast("string").to_numpy(zero_copy_only=False)
    values, groups = np.unique(texts.astype(str), return_inverse=True)
    if len(values) < 2:
        raise DataError(
            f"training and validation rows have one '{name}' alone, {values[0]}: no fold can hold one"
            " out; say by: hash under split: in data.yaml, or set train.folds.below_rows to 0"
        )
    return groups.astype(np.int64)
