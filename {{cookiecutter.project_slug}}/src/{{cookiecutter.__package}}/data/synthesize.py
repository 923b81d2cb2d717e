"""Rows made from the contract alone: what tests run on, whatever the data are.

The target follows the first features, so that a model has something to learn.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..contract import Column, Contract

START = datetime(2024, 1, 1, tzinfo=UTC)
MISSING_SHARE = 0.05
CATEGORIES = ("alpha", "beta", "gamma", "delta")
WIDTH = 100.0
ARROW_TYPES = {
    "integer": pa.int64(),
    "float": pa.float64(),
    "boolean": pa.bool_(),
    "category": pa.string(),
    "string": pa.string(),
    "timestamp": pa.timestamp("us", "UTC"),
}


def synthesize(
    contract: Contract,
    n_rows: int,
    *,
    seed: int = 0,
    start: datetime = START,
    days: int = 90,
) -> pa.Table:
    """Rows that keep every rule of the contract, in the order of their time.

    Ids are unique, times spread over ``days`` from ``start``, nullable columns have gaps.
    """
    random = np.random.default_rng(seed)
    columns: dict[str, pa.Array] = {}
    signal = np.zeros(n_rows)
    for name, column in contract.columns.items():
        role = contract.role(name)
        if role == "target":
            continue
        if role == "id":
            columns[name] = _ids(column, n_rows)
            continue
        if role == "time":
            at = np.sort(random.uniform(0, days * 86_400, n_rows)).astype(int).tolist()
            moments = [start + timedelta(seconds=second) for second in at]
            columns[name] = pa.array(moments, ARROW_TYPES["timestamp"])
            continue
        values, level = _values(column, n_rows, random, start)
        if role == "feature":
            signal += level / 2 ** (len(columns) / 4)
        gaps = random.random(n_rows) < MISSING_SHARE if column.nullable else None
        columns[name] = pa.array(values, ARROW_TYPES[column.type], mask=gaps)
    columns[contract.target] = _target(contract, signal, random)
    return pa.table({name: columns[name] for name in contract.columns})


def _ids(column: Column, n_rows: int) -> pa.Array:
    numbers = range(n_rows)
    return pa.array(list(numbers) if column.type == "integer" else [f"row-{i}" for i in numbers])


def _values(
    column: Column, n_rows: int, random: np.random.Generator, start: datetime
) -> tuple[npt.NDArray[Any] | list[Any], npt.NDArray[np.float64]]:
    """Values within the column's rules, and their level between −1 and 1."""
    level = random.uniform(-1, 1, n_rows)
    if column.type in {"integer", "float"}:
        low = column.minimum if column.minimum is not None else -WIDTH
        high = column.maximum if column.maximum is not None else low + 2 * WIDTH
        values = low + (level + 1) / 2 * (max(high, low) - low)
        return (np.floor(values).astype(int) if column.type == "integer" else values), level
    if column.type == "boolean":
        return level > 0, np.sign(level)
    if column.type == "timestamp":
        return [start + timedelta(days=float(x) * 30) for x in level], level
    known = column.allowed or CATEGORIES
    at = np.minimum(((level + 1) / 2 * len(known)).astype(int), len(known) - 1)
    return [known[index] for index in at], level


def _target(
    contract: Contract, signal: npt.NDArray[np.float64], random: np.random.Generator
) -> pa.Array:
    """The positive value where the signal is high, with some noise."""
    scale = signal.std() or 1.0
    hit = (signal - np.median(signal)) / scale + random.normal(0, 0.5, len(signal)) > 0.3
    column = contract.columns[contract.target]
    if column.type == "boolean":
        return pa.array(hit == bool(contract.positive))
    if column.type == "integer":
        return pa.array(np.where(hit, int(contract.positive), int(contract.positive) + 1))
    others = [value for value in column.allowed or () if value != contract.positive]
    return pa.array([str(contract.positive) if h else (others or ["other"])[0] for h in hit])
