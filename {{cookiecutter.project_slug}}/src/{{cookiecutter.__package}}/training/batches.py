"""Training rows in shuffled blocks: from memory, or from a file that need not fit into it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch import Tensor

from ..data.prefetch import prefetch
from ..models.preprocess import Prepared

BLOCK_ROWS = 1 << 15


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Prepared rows with what is to be learned of them."""

    rows: Prepared
    labels: Tensor
    """``[rows]`` float32, as the task encodes them."""
    weights: Tensor | None = None
    """How much each row counts ``[rows]``; all alike where there are none."""

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: slice | Tensor) -> "Labelled":
        weights = None if self.weights is None else self.weights[index]
        return Labelled(rows=self.rows[index], labels=self.labels[index], weights=weights)

    def split(self, n_rows: int) -> Iterator["Labelled"]:
        """Parts of ``n_rows``, the last of what is left, without a copy."""
        return (self[start : start + n_rows] for start in range(0, len(self), n_rows))

    def to(self, device: torch.device) -> "Labelled":
        """The same on a device."""
        rows = Prepared(numbers=self.rows.numbers.to(device), codes=self.rows.codes.to(device))
        weights = None if self.weights is None else self.weights.to(device)
        return Labelled(rows=rows, labels=self.labels.to(device), weights=weights)


class Batches(Protocol):
    """The training rows; an epoch has each of them once, in an order that is its own."""

    def __len__(self) -> int:
        """Rows of an epoch."""

    def blocks(self, epoch: int, batch_size: int) -> Iterator[Labelled]:
        """Shuffled rows, some batches at a time; all blocks but the last are of whole batches."""


@dataclass(frozen=True, kw_only=True)
class InMemory:
    """Rows that fit into memory; an epoch's order follows from the seed and its number."""

    rows: Labelled
    seed: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def blocks(self, epoch: int, batch_size: int) -> Iterator[Labelled]:
        """All rows in one order; a block at a time is copied, so that batches are slices of it."""
        random = np.random.default_rng((self.seed, epoch))
        return _blocks(self.rows, _order(random, len(self)), batch_size)


@dataclass(frozen=True, kw_only=True)
class Streamed:
    """Rows of a Parquet file, read each epoch: its row groups in a drawn order, through a buffer.

    Whenever ``buffer_rows`` have come together, they are shuffled and half of them are learned
    from, so that rows meet those of other groups. Memory follows from the buffer, not the file.
    """

    path: Path
    columns: Sequence[str]
    decode: Callable[[pa.RecordBatch], Labelled]
    buffer_rows: int
    seed: int = 0

    @cached_property
    def _file(self) -> pq.ParquetFile:
        return pq.ParquetFile(self.path)

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    def blocks(self, epoch: int, batch_size: int) -> Iterator[Labelled]:
        """Each row once; another thread reads on meanwhile."""
        random = np.random.default_rng((self.seed, epoch))
        held: list[Labelled] = []
        for part in prefetch(
            map(self.decode, self._read(random.permutation(self._groups).tolist()))
        ):
            held.append(part)
            if sum(map(len, held)) >= self.buffer_rows:
                pool, order = _joined(held), _order(random, sum(map(len, held)))
                held.clear()
                half = len(pool) // 2 // batch_size * batch_size
                yield from _blocks(pool, order[:half], batch_size)
                held.append(pool[order[half:]])
        if held:
            pool = _joined(held)
            yield from _blocks(pool, _order(random, len(pool)), batch_size)

    @property
    def _groups(self) -> int:
        return int(self._file.num_row_groups)

    def _read(self, groups: Sequence[int]) -> Iterator[pa.RecordBatch]:
        for group in groups:
            yield from self._file.iter_batches(
                BLOCK_ROWS, row_groups=[group], columns=list(self.columns)
            )


def _order(random: np.random.Generator, n_rows: int) -> Tensor:
    return torch.from_numpy(random.permutation(n_rows))


def _blocks(rows: Labelled, order: Tensor, batch_size: int) -> Iterator[Labelled]:
    size = max(BLOCK_ROWS // batch_size, 1) * batch_size
    return (rows[order[start : start + size]] for start in range(0, len(order), size))


def _joined(parts: Sequence[Labelled]) -> Labelled:
    weights = [part.weights for part in parts if part.weights is not None]
    return Labelled(
        rows=Prepared(
            numbers=torch.cat([part.rows.numbers for part in parts]),
            codes=torch.cat([part.rows.codes for part in parts]),
        ),
        labels=torch.cat([part.labels for part in parts]),
        weights=torch.cat(weights) if weights else None,
    )
