"""One number for each row: rows that differ in a value differ in it, but for one in 2⁶⁴."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .convert import one_array

Hashes = npt.NDArray[np.uint64]
ODD = 0x9E3779B97F4A7C15
NULL = np.uint64(0x1B873593CC9E2D51)
HALF = np.uint64(32)
BLOCK_ROWS, SORTED_ROWS = 1 << 17, 1 << 22
"""How many hashes are read, and about how many are sorted at once."""


def row_hashes(rows: pa.Table) -> Hashes:
    """Hashes of shape ``(n_rows,)``, equal wherever and however the same values are kept.

    A sum over columns, each of whose values is twice folded and multiplied by the column's own odd
    number: once, and floats of few digits would hardly reach the lower bits.
    """
    total: Hashes = np.zeros(rows.num_rows, np.uint64)
    mixed, shifted = np.empty_like(total), np.empty_like(total)
    for place, name in enumerate(rows.schema.names, start=1):
        bits, odd = _bits(one_array(rows[name])), _odd(place)
        np.right_shift(bits, HALF, out=shifted)
        np.bitwise_xor(bits, shifted, out=mixed)
        mixed *= odd
        np.right_shift(mixed, HALF, out=shifted)
        mixed ^= shifted
        mixed *= odd
        total += mixed
    for _ in range(2):  # or a value would move all hashes alike, and so all splits
        total ^= total >> HALF
        total *= np.uint64(ODD)
    total ^= total >> HALF
    return total


def repeated_hashes(path: Path, n_rows: int) -> Iterator[npt.NDArray[np.int64]]:
    """The places in a file of hashes of those that are there more than once, in bounded memory.

    One part of all hashes after the other, by their last bits, is sorted.
    """
    n_parts = 1 << (n_rows // SORTED_ROWS).bit_length()
    last_bits = np.uint64(n_parts - 1)
    for part in range(n_parts):
        blocks = (block[block & last_bits == part] for _, block in _blocks(path))
        found = np.concatenate([np.empty(0, np.uint64), *blocks])
        found.sort()
        met = np.unique(found[1:][found[1:] == found[:-1]])
        if len(met):
            for first, block in _blocks(path):
                nearest = np.minimum(np.searchsorted(met, block), len(met) - 1)
                yield first + np.flatnonzero(met[nearest] == block)


def _blocks(path: Path) -> Iterator[tuple[int, Hashes]]:
    """Each run of a file's hashes, and how many are before it."""
    first = 0
    with path.open("rb") as file:
        while len(block := np.fromfile(file, np.uint64, BLOCK_ROWS)):
            yield first, block
            first += len(block)


def _odd(place: int) -> np.uint64:
    """A column's own multiplier, by the mixing steps of SplitMix64."""
    mixed = place * ODD % 2**64
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB % 2**64
    return np.uint64(mixed ^ mixed >> 31 | 1)


def _bits(values: pa.Array) -> Hashes:
    """A number for each value, as different as the values are."""
    if pa.types.is_string(values.type):
        values = values.dictionary_encode()
    if pa.types.is_dictionary(values.type):
        known = np.append(_texts(values.dictionary), NULL)
        texts: Hashes = known[_filled(values.indices, len(known) - 1)]
        return texts
    if pa.types.is_floating(values.type):
        floats = _filled(values.cast(pa.float64()), NULL.view(np.float64)) + 0.0  # one zero
        return floats.view(np.uint64)
    return _filled(values.cast(pa.int64()), NULL.view(np.int64)).view(np.uint64)


def _texts(texts: pa.Array) -> Hashes:
    from pandas.util import hash_array  # 50 MB, for which who only reads has no use

    found: Hashes = hash_array(
        pc.fill_null(texts, "").to_numpy(zero_copy_only=False).astype(object), categorize=False
    )
    if texts.null_count:
        found[pc.is_null(texts).to_numpy(zero_copy_only=False)] = NULL
    return found


def _filled(values: pa.Array, missing: np.generic | int) -> npt.NDArray[Any]:
    filled = pc.fill_null(values, pa.scalar(missing, values.type)) if values.null_count else values
    numbers: npt.NDArray[Any] = filled.to_numpy(zero_copy_only=False)
    return numbers
