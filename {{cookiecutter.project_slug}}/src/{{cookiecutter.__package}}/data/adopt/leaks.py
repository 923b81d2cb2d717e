"""Columns that know too much: of the target, or of one another."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ...contract import NUMERIC_TYPES, Contract
from ..leakage import telling
from .facts import typed_as

TELLS, ALIKE = 0.99, 0.999
FEWEST_ROWS, MOST_PAIRS = 200, 10


def typed(sample: pa.Table, contract: Contract, markers: frozenset[str]) -> pa.Table:
    """Rows of texts as the contract's types, those without a label left out."""
    (source,) = contract.sources.values()
    columns = {}
    for name, column in contract.columns.items():
        texts = sample[name].combine_chunks()
        missing = pc.is_in(texts, pa.array(sorted(markers), pa.string()))
        texts = pc.if_else(missing, pa.scalar(None, pa.string()), texts)
        columns[name] = typed_as(texts, source.formats.get(name, column.type), contract.zone)
    rows = pa.table(columns)
    return rows.filter(pc.is_valid(rows[contract.target]))


def leaks(rows: pa.Table, contract: Contract) -> Iterator[tuple[str, float]]:
    """Features other than the time that alone predict the target, and how well."""
    if len(rows) < FEWEST_ROWS:
        return
    target = rows[contract.target]
    for name in contract.features:
        if name == contract.time:
            continue
        found = telling(rows[name], target, contract.task, contract.positive)
        if contract.task == "regression" and contract.columns[name].type in NUMERIC_TYPES:
            pair = np.stack([_floats(rows[name]), _floats(target)])
            found = max(found, abs(_correlations(pair)[0, 1]))
        if found >= TELLS:
            yield name, found


def twins(rows: pa.Table, contract: Contract) -> list[tuple[str, str]]:
    """Pairs of numeric features that say nearly the same."""
    names = [n for n in contract.numeric if contract.columns[n].type != "boolean"]
    if len(names) < 2 or len(rows) < 10:
        return []
    found = np.abs(_correlations(np.stack([_floats(rows[name]) for name in names])))
    first, second = np.nonzero(np.triu(found > ALIKE, 1))
    return [(names[a], names[b]) for a, b in zip(first, second, strict=True)][:MOST_PAIRS]


def _floats(values: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    found: npt.NDArray[np.float64] = values.cast(pa.float64(), safe=False).to_numpy()
    return found


def _correlations(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Pearson's of each pair of rows; gaps stand at the mean, what never changes is 0."""
    counts = np.maximum((~np.isnan(values)).sum(1, keepdims=True), 1)
    centred = np.nan_to_num(values - np.nansum(values, 1, keepdims=True) / counts)
    norm = np.sqrt((centred**2).sum(1, keepdims=True))
    with np.errstate(over="ignore", invalid="ignore"):
        unit = np.nan_to_num(centred / np.where(norm > 0, norm, 1), posinf=0, neginf=0)
    found: npt.NDArray[np.float64] = unit @ unit.T
    return found
