"""Cross-validation: which rows are held out when, for tables too small for one validation split."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
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
from .rows import Rows

Places = npt.NDArray[np.int64]
Fold = tuple[Places, Places]
"""Rows to learn from, and rows held out."""
SplitBy = Mapping[str, Any]
"""How the dataset was split, as its manifest says."""
ROWS_HELD_OUT = 2_000
MOST_REPEATS = 4


def repeated_folds(
    rows: Rows, contract: Contract, settings: TrainConfig, split: SplitBy
) -> Iterator[list[Fold]]:
    """Folds like the split between training and test: by time, by group, or by rows.

    The fewer rows, the more often other folds are drawn; time has but one order.

    Raises:
        DataError: the rows are of one group, or do not say of which.
    """
    number, seed = settings.folds.number, settings.seed
    by = split.get("by", "date")
    if by in {"date", "recent"} and contract.time is not None:
        times = rows.inputs.time[:, contract.times.index(contract.time)]
        yield time_folds(times, number)
        return
    stratify = None if contract.task == "regression" else rows.labels
    groups = None
    if by == "group":
        groups = _groups(rows, split["group"])
        number = min(number, int(groups.max()) + 1)
    for repeat in range(max(1, min(MOST_REPEATS, ROWS_HELD_OUT // len(rows)))):
        yield row_folds(len(rows), number, seed + repeat, stratify=stratify, groups=groups)


def _groups(rows: Rows, name: str) -> Places:
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


def time_folds(times: Places, number: int) -> list[Fold]:
    """The past is learned from and the time after it held out."""
    order = np.argsort(times, kind="stable")
    return [
        (np.sort(order[given]), np.sort(order[asked]))
        for given, asked in TimeSeriesSplit(number).split(order)
    ]


def row_folds(
    n_rows: int,
    number: int,
    seed: int,
    *,
    stratify: npt.NDArray[np.float64] | None,
    groups: Places | None,
) -> list[Fold]:
    """Each row is held out once; no group is on both sides, and labels keep their shares."""
    splitter: BaseCrossValidator
    if groups is None:
        kind = KFold if stratify is None else StratifiedKFold
    else:
        kind = GroupKFold if stratify is None else StratifiedGroupKFold
    splitter = kind(number, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros(n_rows), stratify, groups))
