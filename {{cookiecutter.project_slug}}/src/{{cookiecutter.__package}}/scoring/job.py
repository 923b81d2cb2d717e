"""``score``: rows → the contract's rules → the graph → one Parquet file, whole or not at all."""

import os
import shutil
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ..config import ServeConfig
from ..data.rows import (
    QUARANTINED,
    Chunk,
    Layout,
    parquet_writer,
    read_rows,
    rejected_rows,
    to_arrow,
)
from ..data.validate import (
    FILE,
    RECORD,
    account,
    any_of,
    main_reasons,
    reasons_of,
    tally,
    violations,
)
from ..errors import BundleError, DataError, ModelFailedError
from ..models.bundle import Bundle, open_bundle
from ..models.tables import from_table
from ..models.versions import Version, Versions
from ..serving.answers import Predicted, answer_columns, fields_of, known_categories
from ..storage import move, only_run
from ..terminal import progress, say
from .source import open_source

Frames = tuple[pl.DataFrame, pl.DataFrame]
"""The scores of some rows, and the rows that are rejected, as they go to quarantine."""


def run(
    config: ServeConfig,
    name: str,
    where: str,
    target: Path,
    number: int | None = None,
    *,
    max_rejected_fraction: float = 0.05,
) -> tuple[int, int]:
    """Score the rows that ``where`` names into the Parquet file ``target``, in their order.

    There is the contract's id where the rows have one, else ``_file`` and ``_record``; then what
    the server answers. Rows that break a rule go to ``quarantine/`` beside the target. ``number``
    is the version that scores; else the served one. Returns how many were scored and rejected.

    Raises:
        DataError: the rows cannot be read or break the contract, or the target cannot be written.
        ConfigError: the source is not written as in the contract.
        BundleError: no model serves, or it is damaged.
        RegistryError: there is no version of this number.
    """
    version, bundle = _open_version(Versions(config.bundles, name), number)
    stamp = {"model": name, "version": str(version.number), "bundle": bundle.hash}
    bad = target.parent / "quarantine" / target.name
    for path in (target, bad):
        _refuse_foreign(path)
    folder = target.parent / f".{target.name}.scratch"  # a killed run's is used again
    try:
        with only_run(folder / "lock", f"scores into '{target}'"), ExitStack() as at_end:
            at_end.callback(shutil.rmtree, folder, ignore_errors=True)
            n_scored, n_rejected, reasons = _write(bundle, where, folder, stamp)
            bad.parent.mkdir(exist_ok=True)
            move(folder / "rejected", bad)
            total = n_scored + n_rejected
            counts = {"in": total, "scored": n_scored, "rejected": n_rejected}
            account("scoring", counts, reasons, max_rejected_fraction, bad)
            move(folder / "scores", target)
    except OSError as error:
        raise DataError(
            f"scoring into '{target}' stopped: {error}; the scores were not written: mend that, and"
            " run the same command again"
        ) from None
    if n_rejected:
        say(f"rejected  {n_rejected:,} of {total:,} rows: {main_reasons(reasons)}; see '{bad}'")
    say(f"scored    {target}  {n_scored:,} rows by {name} version {version.number}")
    return n_scored, n_rejected


def _open_version(versions: Versions, number: int | None) -> tuple[Version, Bundle]:
    """The version of a number, else the one that serves, and its bundle."""
    version = versions.served() if number is None else versions.get(number)
    if version is None:
        raise BundleError(versions.unserved())
    return version, open_bundle(versions.folder / version.bundle)


def _refuse_foreign(path: Path) -> None:
    """What was not made by this command is never replaced."""
    if path.suffix != ".parquet":
        raise DataError(f"'{path}' is no name for the scores; let --output end in .parquet")
    try:
        ours = not path.exists() or b"bundle" in (pq.read_metadata(path).metadata or {})
    except (pa.ArrowException, OSError):
        ours = False
    if not ours:
        raise DataError(f"'{path}' exists and holds no scores; name another --output, or move it")


def _write(
    bundle: Bundle, where: str, folder: Path, stamp: dict[str, str]
) -> tuple[int, int, Counter[str]]:
    """Write scores and rejected rows into ``folder``; count both, and the reasons."""
    paths, layout = open_source(bundle.contract, where, folder)
    scorer = Scorer(bundle, layout)
    n_scored, n_rejected, reasons = 0, 0, Counter[str]()
    with (
        parquet_writer(folder / "scores", scorer.empty) as scores,
        parquet_writer(folder / "rejected", pl.DataFrame(schema=QUARANTINED)) as rejects,
        progress("score", len(paths)) as bar,
    ):
        for writer in (scores, rejects):
            writer.add_key_value_metadata(stamp)
        for path in paths:
            name = "the source's rows" if path.is_relative_to(folder) else str(path)
            for scored, rejected in scorer.in_order(path, name):
                scores.write_table(to_arrow(scored))
                rejects.write_table(to_arrow(rejected))
                reasons += tally(rejected)
                n_scored, n_rejected = n_scored + len(scored), n_rejected + len(rejected)
            bar(note=path.name)
    if not n_scored + n_rejected:
        raise DataError("there are no rows to score")
    return n_scored, n_rejected, reasons


class Scorer:
    """Answers rows as the server would."""

    def __init__(self, bundle: Bundle, layout: Layout) -> None:
        self._bundle, self._layout, self._known = bundle, layout, known_categories(bundle)
        contract, form = bundle.contract, layout.forms.get(bundle.contract.id or "")
        columns: dict[str, Any] = {FILE: str, RECORD: int}
        if contract.id is not None and form is not None:
            columns = {contract.id: int if form.type == "integer" else str}
        columns |= {field.name: field.type(contract) for field in fields_of(contract)}
        columns.pop("probabilities", None)  # a probability for each label is no column
        self.empty = pl.DataFrame(schema=columns)
        """Of the scores: what names a row, then what is answered to it."""

    def in_order(self, path: Path, name: str) -> Iterator[Frames]:
        """A file's rows, chunk by chunk, on every core."""
        n_threads = os.cpu_count() or 1
        pending: deque[Future[Frames]] = deque()
        with ThreadPoolExecutor(n_threads) as threads:
            for chunk in read_rows(path, self._layout, complete=False):
                pending.append(threads.submit(self._score, chunk, name))
                if len(pending) > n_threads:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()

    def _score(self, chunk: Chunk, file: str) -> Frames:
        """The scores of the rows that keep the contract's rules, and the others."""
        rules = violations(self._bundle.contract, [*self._layout.forms], online=True)
        broken = chunk.rows.select(any_of(rules)).to_series()
        bad = chunk.rows.filter(broken).with_columns(reasons_of(rules))
        rejected = chunk.rejected.vstack(rejected_rows(file, bad, self._layout)).sort(RECORD)
        named = pl.lit(file).alias(FILE)
        good = chunk.rows.filter(~broken).with_columns(named)
        return self._answers(good), rejected.with_columns(named)

    def _answers(self, rows: pl.DataFrame) -> pl.DataFrame:
        if not len(rows):
            return self.empty
        inputs = from_table(self._bundle.contract, rows)
        try:
            outputs = self._bundle.predict(inputs)
        except ModelFailedError as error:
            (file, first), (_, last) = rows.select(FILE, RECORD)[[0, -1]].rows()
            where = f"'{file}', a row among the records {first:,} to {last:,}"
            raise ModelFailedError(f"{error}: {where}") from None
        predicted = Predicted(
            bundle=self._bundle, known=self._known, inputs=inputs, outputs=outputs
        )
        columns = rows.to_dict() | answer_columns(predicted)
        values = {name: columns[name] for name in self.empty.columns}
        return pl.DataFrame(values, schema=self.empty.schema)
