"""Checked rows into the splits' files, in one pass that accounts for every row."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..contract import Contract
from ..errors import DataError
from .chunks import FILE, LINE, MASK, ahead
from .dataset import ContentHash
from .extract import GROUP_ROWS, ROW, Extraction
from .labels import Labels
from .quarantine import Counts, tally
from .split import SPLITS, Assign
from .summary import Summary
from .validate import REASONS, check, conform

Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class OutOfOrderError(Exception):
    """The rows came in another order than the source has them."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """Where every row that the transform made has gone."""

    counts: Counts
    """Rows made, kept, unlabelled, rejected and, of ids, duplicates."""
    reasons: Counts
    labels: Labels
    quarantined: pa.Table | None
    """Rejected rows and those whose id another one has, without personal values."""
    content_hash: str
    summary: Summary


class Loader:
    """Takes rows in the source's order; each is kept, or counted and quarantined.

    ``losers`` are rows for whose id another row stands, ``assign`` says which split each row is in.
    ``in_order`` says that the engine sorted:
    then equal numbers are neighbours, and a row that comes twice is found.
    """

    def __init__(
        self,
        contract: Contract,
        driving: Extraction,
        losers: Numbers,
        assign: Assign,
        *,
        in_order: bool,
    ) -> None:
        self.contract, self.driving, self.losers = contract, driving, losers
        self.assign = assign
        self.public = [ROW, *(n for n, column in contract.columns.items() if not column.pii)]
        self.numbers = _Numbers(driving.accepted, in_order=in_order)
        self.counts = dict.fromkeys(("made", "kept", "unlabelled", "rejected", "duplicates"), 0)
        self.labels = Labels(contract)
        self.reasons: Counts = {}
        self.quarantined: list[pa.Table] = []
        self.summary = Summary(contract, driving.total["accepted"])
        self.content = ContentHash()

    def load(
        self, batches: Iterable[pa.RecordBatch], folder: Path, advance: Callable[[int], None]
    ) -> Loaded:
        """Write every split into ``folder``.

        Raises:
            OutOfOrderError: unless ``in_order``; nothing counts then, sort and load again.
            DataError: a row came twice or from nowhere, or breaks a rule whose mode is fail.
        """
        with _files(folder) as write:
            for batch in ahead(batches):
                for name, part in self._sorted_out(pa.Table.from_batches([batch])):
                    write(name, part)
                advance(batch.num_rows)
        self.numbers.conclude()
        return Loaded(
            counts=self.counts,
            reasons=self.reasons,
            labels=self.labels,
            quarantined=(pa.concat_tables(self.quarantined) if self.quarantined else None),
            content_hash=self.content.hexdigest(),
            summary=self.summary,
        )

    def _sorted_out(self, batch: pa.Table) -> Iterator[tuple[str, pa.Table]]:
        numbers = pc.fill_null(batch[ROW], 0).to_numpy()
        self.numbers.check(numbers)
        checked = check(conform(batch, self.contract), self.contract)
        rows = checked.rows.add_column(0, ROW, batch[ROW])
        labelled = _mask(pc.is_valid(rows[self.contract.target]))
        self._none_failed(numbers, labelled & _said(checked.failed, len(labelled)), checked.failed)
        rejected = labelled & _said(checked.rejected, len(labelled))
        repeated = labelled & ~rejected & np.isin(numbers, self.losers)
        kept = labelled & ~rejected & ~repeated
        ends = {"unlabelled": ~labelled, "rejected": rejected, "duplicates": repeated, "kept": kept}
        for name, mask in ends.items():
            self.counts[name] += int(mask.sum())
        self.counts["made"] += len(numbers)
        if checked.nulled is not None:
            tally(self.reasons, checked.nulled.filter(pa.array(kept)))
        if rejected.any() or repeated.any():
            self._quarantine(rows, rejected, repeated, checked.rejected)
        places = self.assign(rows)
        for place, name in enumerate(SPLITS):
            yield name, self._counted(name, rows, kept & (places == place))

    def _counted(self, split: str, rows: pa.Table, mask: Mask) -> pa.Table:
        part = rows if mask.all() else rows.filter(pa.array(mask))
        part = part.select(self.public)
        self.content.update(split, part)
        self.summary.update(split, part)
        self.labels.update(split, part[self.contract.target])
        return part

    def _quarantine(
        self, rows: pa.Table, rejected: Mask, repeated: Mask, reasons: pa.Array | None
    ) -> None:
        said = pa.array([f"{self.contract.id}: another row has it"] * len(rejected))
        if reasons is not None:
            said = pc.if_else(pa.array(repeated), said, reasons)
        found = rows.add_column(1, REASONS, said).filter(pa.array(rejected | repeated))
        tally(self.reasons, found[REASONS])
        for name, column in self.contract.columns.items():
            if column.pii:
                masked = MASK if column.type in {"string", "category"} else None
                values = pa.array([masked] * len(found), found[name].type)
                found = found.set_column(found.schema.names.index(name), name, values)
        self.quarantined.append(found)

    def _none_failed(self, numbers: Numbers, failed: Mask, reasons: pa.Array | None) -> None:
        if reasons is None or not failed.any():
            return
        self.numbers.conclude()  # a row from nowhere has no line
        first = int(failed.argmax())
        place = self.driving.places(numbers[first : first + 1]).to_pylist()[0]
        raise DataError(
            f"{reasons[first].as_py()}, and its on_violation is fail"
            f" ('{place[FILE]}', line {place[LINE]:,}); nothing was written"
        )


class _Numbers:
    """Watches the numbers of the source rows go by."""

    def __init__(self, accepted: Mask, *, in_order: bool) -> None:
        self.accepted, self.in_order = accepted, in_order
        self.last = 0
        self.repeated = self.foreign = 0

    def check(self, numbers: Numbers) -> None:
        steps = np.diff(numbers, prepend=self.last)
        if not self.in_order and (steps <= 0).any():
            raise OutOfOrderError
        inside = (numbers > 0) & (numbers < len(self.accepted))
        known = self.accepted[np.where(inside, numbers, 0)]
        self.repeated += int((steps == 0).sum())
        self.foreign += int((~known).sum())
        self.last = int(numbers[-1]) if len(numbers) else self.last

    def conclude(self) -> None:
        if self.repeated or self.foreign:
            raise DataError(
                f"transform repeats {self.repeated:,} and invents {self.foreign:,} rows of the"
                " driving source; a join must match each of them at most once: make the other side"
                " unique in data/transform.py"
            )


@contextmanager
def _files(folder: Path) -> Iterator[Callable[[str, pa.Table], None]]:
    """A Parquet file per split, in groups of at least ``GROUP_ROWS``."""
    with ExitStack() as stack:
        thread = stack.enter_context(ThreadPoolExecutor(1))
        pending: deque[Future[None]] = deque()
        writers: dict[str, pq.ParquetWriter] = {}
        waiting: dict[str, list[pa.Table]] = {name: [] for name in SPLITS}

        def flush(name: str) -> None:
            table = pa.concat_tables(waiting[name]).unify_dictionaries()
            waiting[name].clear()
            if name not in writers:
                schema = table.schema
                writer = pq.ParquetWriter(
                    folder / f"{name}.parquet",
                    schema,
                    use_dictionary=[f.name for f in schema if pa.types.is_dictionary(f.type)],
                    write_statistics=[f.name for f in schema if pa.types.is_timestamp(f.type)],
                )
                writers[name] = stack.enter_context(writer)
            while len(pending) > 1:
                pending.popleft().result()
            pending.append(thread.submit(writers[name].write_table, table, GROUP_ROWS * 2))

        def write(name: str, part: pa.Table) -> None:
            waiting[name].append(part)
            if sum(table.num_rows for table in waiting[name]) >= GROUP_ROWS:
                flush(name)

        yield write
        for name in SPLITS:
            if waiting[name]:
                flush(name)
        for written in pending:
            written.result()


def _said(reasons: pa.Array | None, n_rows: int) -> Mask:
    """Which rows have a reason."""
    if reasons is None:
        return np.zeros(n_rows, bool)
    said: Mask = pc.is_valid(reasons).to_numpy(zero_copy_only=False)
    return said


def _mask(values: pa.ChunkedArray) -> Mask:
    mask: Mask = values.to_numpy()
    return mask
