"""Parts of the rows by one column: its values, or ranges of its numbers between quartiles."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from ..values import canonical_category
from .inputs import Texts

QUARTILES = (0.25, 0.5, 0.75)


def cuts_of(values: npt.NDArray[Any]) -> list[float]:
    """Quartiles of the known numbers, to six digits; fewer where numbers repeat, none of no number."""
    numbers = values.astype(np.float64)
    known = numbers[np.isfinite(numbers)]
    if not len(known):
        return []
    found = np.quantile(known, QUARTILES, method="inverted_cdf")
    cuts = sorted({float(f"{cut:.6g}") for cut in found})
    return [cut for cut in cuts if cut < known.max()]


def ranges(values: npt.NDArray[Any], cuts: Sequence[float]) -> Texts:
    """The range between ``cuts`` that holds each number, in interval notation.

    Numbers are compared as the graph has them, in single precision, so that a row is in the same
    range whether it was read from a dataset or from the log.
    """
    numbers, ends = values.astype(np.float32), ["-inf", *(f"{cut:.6g}" for cut in cuts), "inf"]
    between = pairwise(ends)
    names = [f"({low}, {high}{')' if high == 'inf' else ']'}" for low, high in between]
    texts = np.array(names, object)[np.searchsorted(np.asarray(cuts, np.float32), numbers)]
    texts[~np.isfinite(numbers)] = canonical_category(None)
    return texts
