"""Rows made from the contract alone: what tests run on, whatever the data are.

The target follows the first features, so that a model has something to learn.
"""

from datetime import UTC, datetime, timedelta
from math import ceil, floor
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from {{ cookiecutter.__package }}.contract import Column, Contract

START = datetime(2024, 1, 1, tzinfo=UTC)
MISSING_SHARE = 0.05
CATEGORIES = ("alpha", "beta", "gamma", "delta")
MOST_CATEGORIES = 12
WIDTH = 100.0
LARGEST = {"integer": 2.0**24, "float": 1e30}
DAY_S = 86_400
Floats = npt.NDArray[np.float64]
ARROW_TYPES = {
    "integer": pa.int64(),
    "float": pa.float64(),
    "boolean": pa.bool_(),
    "category": pa.string(),
    "string": pa.string(),
    "timestamp": pa.timestamp("us", "UTC"),
}


def synthesize(contract: Contract, n_rows: int, *, seed: int = 0, days: int = 90) -> pa.Table:
    """Rows that keep every rule of the contract, in the order of their time.

    Ids are unique, times spread over ``days`` from ``START``, nullable columns have gaps.
    """
    random = np.random.default_rng(seed)
    columns: dict[str, pa.Array] = {}
    levels: dict[str, Floats] = {}  # of each feature, between -1 and 1: what the target follows
    for name, column in contract.columns.items():
        role = contract.role(name)
        if role == "target":
            continue
        if role == "id":
            columns[name] = _ids(column, n_rows)
            continue
        if column.type == "timestamp":
            span = np.sort if role == "time" else random.permutation
            at = span(random.uniform(0, days * DAY_S, n_rows)).astype(int).tolist()
            values: Any = [START + timedelta(seconds=second) for second in at]
            clocks = [moment.astimezone(contract.zone) for moment in values]
            level = np.array([clock.hour + clock.minute / 60 for clock in clocks]) / 12 - 1
        else:
            values, level = _values(column, random.uniform(-1, 1, n_rows))
        if name in contract.features:
            levels[name] = level
        gaps = random.random(n_rows) < MISSING_SHARE
        mask = gaps if column.nullable and role != "time" else None
        columns[name] = pa.array(values, ARROW_TYPES[column.type], mask=mask)
    order = [n for n in levels if n not in contract.times] + list(contract.times)
    signal = sum((levels[n] / 2 ** (i / 4) for i, n in enumerate(order)), np.zeros(n_rows))
    columns[contract.target] = _target(contract, signal, random)
    return pa.table({name: columns[name] for name in contract.columns})


def _ids(column: Column, n_rows: int) -> pa.Array:
    if column.type == "integer":
        first = max(0, ceil(_range(column)[0]))
        return pa.array(range(first, first + n_rows))
    return pa.array([f"row-{number}" for number in range(n_rows)])


def _values(column: Column, level: Floats) -> tuple[Any, Floats]:
    """Values within the column's rules, as high as the level says, and the level that they tell."""
    if column.type == "boolean":
        return level > 0, np.sign(level)
    low, high = _range(column) if column.type in LARGEST else (0, 0)
    if column.type == "float":
        return low + (level + 1) / 2 * (high - low), level
    texts = (column.allowed or CATEGORIES)[:MOST_CATEGORIES]
    n_steps = int(high - low) + 1 if column.type == "integer" else len(texts)
    step = np.minimum(np.floor((level + 1) / 2 * n_steps), n_steps - 1)
    integers = (low + step).astype(np.int64)
    values = integers if column.type == "integer" else [texts[index] for index in integers]
    return values, step / max(n_steps - 1, 1) * 2 - 1


def _target(contract: Contract, signal: Floats, random: np.random.Generator) -> pa.Array:
    """Follows the signal, with some noise: labels in its order, or a number that grows with it."""
    column = contract.columns[contract.target]
    level = (signal - signal.mean()) / (signal.std() or 1.0)
    level = level + random.normal(0, 0.5, len(signal))
    if contract.task == "regression":
        share = 1 / (1 + np.exp(-level))
        low, high = _range(column)
        if column.type == "integer":
            return pa.array((low + np.floor(share * (high - low + 1))).astype(np.int64))
        return pa.array(low + share * (high - low))
    if contract.task == "multiclass":
        labels = contract.labels or ()
        order = np.argsort(np.argsort(level))
        return pa.array([labels[place * len(labels) // len(level)] for place in order])
    hit = level > 0.3
    positive: Any = contract.positive
    others: list[Any] = [not positive]
    if column.type == "integer":
        low, high = _range(column)
        others = [n for n in (1 - positive, positive - 1, positive + 1) if low <= n <= high]
    elif column.type == "category":
        others = [*(contract.labels or column.allowed or ()), "other"]
    other = next(value for value in others if value != positive)
    return pa.array([positive if is_hit else other for is_hit in hit])


def _range(column: Column) -> tuple[float, float]:
    """The least and the most that a number may be, or something usual; float32 can tell it."""
    low, high = column.minimum, column.maximum
    if low is None:
        low = -WIDTH if high is None or high > -WIDTH else high - 2 * WIDTH
    if high is None:
        high = low + 2 * WIDTH
    most = LARGEST[column.type]
    within = max(low, -most), min(high, most)
    low, high = within if within[0] <= within[1] else (low, high)
    return (ceil(low), floor(high)) if column.type == "integer" else (low, high)
