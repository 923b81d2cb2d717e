"""``score``: rows → the contract's rules → the graph → one Parquet file, whole or not at all."""

import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq

from ..config import ServeConfig
from ..data.rows import REASONS, main_reasons, tally
from ..data.rows import Counts as Reasons
from ..errors import BundleError, DataError, TooManyRejectedError
from ..models.bundle import Bundle, open_bundle
from ..models.versions import Version, Versions
from ..storage import move
from ..terminal import progress, say
from .predict import QUARANTINE, Scored, Scorer
from .source import File, open_files


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Where the rows went."""

    rows_in: int
    scored: int
    rejected: int


def run(
    config: ServeConfig, name: str, where: str, target: Path, number: int | None = None
) -> Counts:
    """Score the rows that ``where`` names into the Parquet file ``target``, in their order.

    There is the contract's id where the rows have one, else ``_file`` and ``_record``; then what
    the server answers. Rows that break a rule go to ``quarantine/`` beside the target. ``number``
    is the version that scores; else the served one.

    Raises:
        DataError: the rows cannot be read or break the contract, or the target cannot be written.
        ConfigError: the source is not written as in the contract.
        BundleError: no model serves, or it is damaged.
        RegistryError: there is no version of this number.
    """
    version, bundle = _open_model(config, name, number)
    quarantine = target.parent / "quarantine" / target.name
    for path in (target, quarantine):
        _refuse_foreign(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for path in target.parent.iterdir():
            if path.name.startswith(f".{target.name}."):
                shutil.rmtree(path)  # of a run that was killed
        with TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
            scratch = Path(folder)
            files = open_files(bundle.contract, where, scratch)
            if any(target.resolve() == file.path.resolve() for file in files):
                raise DataError(f"'{target}' is a file to score; name another --output")
            stamp = {"model": name, "version": str(version.number), "bundle": bundle.hash}
            counts, reasons = _write(config, Scorer(bundle, files), files, scratch, stamp)
            _publish_quarantine(scratch / "rejected", quarantine, reasons)
            _check(counts, reasons, config.max_rejected_fraction, target, quarantine)
            move(scratch / "scores", target)
    except OSError as error:
        raise DataError(
            f"scoring into '{target}' stopped: {error}; nothing was written: mend that, and run the"
            " same command again"
        ) from None
    say(f"scored    {target}  {counts.scored:,} rows by {name} version {version.number}")
    return counts


def _open_model(config: ServeConfig, name: str, number: int | None) -> tuple[Version, Bundle]:
    versions = Versions(config.bundles, name)
    version = versions.served() if number is None else versions.get(number)
    if version is None:
        raise BundleError(versions.unserved())
    return version, open_bundle(versions.folder / version.bundle)


def _refuse_foreign(path: Path) -> None:
    """What was not made by this command is never replaced."""
    if path.suffix != ".parquet":
        raise DataError(f"'{path}' is no name for the scores; let --output end in .parquet")
    if not path.exists():
        return
    try:
        ours = b"bundle" in (pq.read_metadata(path).metadata or {})
    except (pa.ArrowException, OSError):
        ours = False
    if not ours:
        raise DataError(f"'{path}' exists and holds no scores; name another --output, or move it")


def _write(
    config: ServeConfig, score: Scorer, files: list[File], scratch: Path, stamp: dict[str, str]
) -> tuple[Counts, Reasons]:
    """Write scores and rejected rows into ``scratch``."""
    reasons: Reasons = {}
    n_scored = n_rejected = 0
    n_threads = config.batch_threads or len(os.sched_getaffinity(0))
    schemas = [schema.with_metadata(stamp) for schema in (score.schema, QUARANTINE)]
    with (
        pq.ParquetWriter(scratch / "scores", schemas[0], compression="zstd") as scores,
        pq.ParquetWriter(scratch / "rejected", schemas[1], compression="zstd") as rejected,
        progress("score", len(files)) as bar,
    ):
        for file in files:
            for scored in _in_order(score, file, n_threads):
                scores.write_table(scored.answers.replace_schema_metadata(stamp))
                rejected.write_table(scored.quarantine.replace_schema_metadata(stamp))
                tally(reasons, scored.quarantine[REASONS].to_pylist())
                n_scored += len(scored.answers)
                n_rejected += scored.n_rejected
            bar(note=file.path.name)
    return Counts(rows_in=n_scored + n_rejected, scored=n_scored, rejected=n_rejected), reasons


def _in_order(score: Callable[..., Scored], file: File, n_threads: int) -> Iterator[Scored]:
    """A file's chunks, scored by several threads and in their order."""
    pending: deque[Future[Scored]] = deque()
    with ThreadPoolExecutor(n_threads) as threads:
        for chunk in file.chunks():
            pending.append(threads.submit(score, chunk, file))
            if len(pending) > n_threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _publish_quarantine(draft: Path, target: Path, reasons: Reasons) -> None:
    if reasons:
        target.parent.mkdir(exist_ok=True)
        move(draft, target)
    else:
        target.unlink(missing_ok=True)  # of scores that are replaced now


def _check(counts: Counts, reasons: Reasons, most: float, target: Path, quarantine: Path) -> None:
    if not counts.rows_in:
        raise DataError("there are no rows to score")
    if reasons:
        say(
            f"rows      in {counts.rows_in:,}  scored {counts.scored:,}  rejected"
            f" {counts.rejected:,}: {main_reasons(reasons)}; see '{quarantine}'"
        )
    if counts.rejected > most * counts.rows_in:
        raise TooManyRejectedError(
            f"{counts.rejected:,} of {counts.rows_in:,} rows were rejected, more than"
            f" serve.max_rejected_fraction = {most:g} ({main_reasons(reasons)}); they are in"
            f" '{quarantine}', and nothing was written to '{target}': mend the rows, or raise the"
            " limit"
        )
