"""``score``: rows → the contract's rules → the graph → Parquet, in parts that survive a kill."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing
from fnmatch import fnmatch
from pathlib import Path

from ...config import ServeConfig
from ...data.rows import main_reasons
from ...errors import BundleError, DataError, TooManyRejectedError
from ...models.bundle import Bundle, open_bundle
from ...models.versions import Version, Versions
from ...terminal import Bar, progress, say
from .opening import open_source
from .output import (
    JOB,
    Folder,
    OneFile,
    Output,
    counts_of,
    is_one_file,
    job_of,
    quarantine_of,
    refuse_others,
    write_quarantine,
)
from .parts import Parts
from .scorer import Counts, Scored, Scorer
from .source import Ask, Source
from .threads import cores, in_order
from .workplace import described, job_name, unfinished, workplace


def run(
    config: ServeConfig, name: str, ask: Ask, target: Path, number: int | None = None
) -> Counts:
    """Score rows into ``target``: one file where its name ends in .parquet, else a folder of parts.

    There is the contract's id where the rows have one, else ``_file`` and ``_record``; then
    ``probability`` and ``decision`` or, of a regression, ``value``; in the order of the rows. Rows
    that break a rule are in ``quarantine/`` beside the target. ``number`` is the version that
    scores, also one that the gate refused; else the served one.

    The target is there whole or not at all; until then, parts of it are in a hidden folder beside
    it. The same rows, model and code are one job: a run that was killed is gone on with by calling
    it again, another job starts from its first row, and one that is done is not done again.

    Raises:
        DataError: the rows cannot be read or break the contract, or the target cannot be written.
        ConfigError: the source is not written as in the contract.
        BundleError: no model serves, or it is damaged.
        RegistryError: there is no version of this number.
    """
    version, bundle = _model(config, name, number)
    refuse_others(target)
    try:
        with workplace(target) as place:
            source = open_source(bundle.contract, ask, place)
            _refuse_itself(target, ask, source)
            description = described(source, version)
            job = job_name(description)
            by = f"by {name} version {version.number}"
            if _is_done(target, job):
                counts = counts_of(target)
                say(f"scored    {target}  {counts.scored:,} rows {by}, before; nothing is to do")
                shutil.rmtree(place, ignore_errors=True)
                return counts
            with unfinished(place / job, description) as run_id:
                stamp = {"model": name, "version": str(version.number), "bundle": bundle.hash}
                scorer = Scorer(bundle, source)
                packed = not is_one_file(target)
                parts = Parts(
                    place / job, scorer.schema, {**stamp, "run": run_id, JOB: job}, packed=packed
                )
                _score(config, scorer, parts, target)
            say(f"scored    {target}  {parts.counts.scored:,} rows {by}")
            shutil.rmtree(place, ignore_errors=True)
            return parts.counts
    except OSError as error:
        raise DataError(
            f"scoring into '{target}' stopped: {error}; what was scored is kept: mend that, and run"
            " the same command again"
        ) from None


def _model(config: ServeConfig, name: str, number: int | None) -> tuple[Version, Bundle]:
    versions = Versions(config.bundles, name)
    version = versions.served() if number is None else versions.get(number)
    if version is None:
        raise BundleError(versions.unserved())
    return version, open_bundle(config.bundles / name / version.bundle)


def _refuse_itself(target: Path, ask: Ask, source: Source) -> None:
    """The scores do not go where the rows are: the next run would take them for rows."""
    if ask.is_source:
        return
    there, where = target.resolve(), Path(ask.where)
    if any(there == file.path.resolve() for file in source.files):
        raise DataError(f"'{target}' is the file to score; write the scores to another")
    inside = there.is_relative_to(where.resolve()) if where.is_dir() else False
    beside = any(there.parent == file.path.resolve().parent for file in source.files)
    if inside or (not where.exists() and beside and fnmatch(there.name, where.name)):
        raise DataError(
            f"'{target}' is where '{where}' looks for rows; write the scores to another place"
        )


def _is_done(target: Path, job: str) -> bool:
    """Whether the target holds what is asked for.

    Raises:
        DataError: it is a folder of other scores, which no single step can replace.
    """
    found = job_of(target)
    if target.is_dir() and found not in {None, job}:
        raise DataError(
            f"the folder '{target}' holds scores of other rows or of another model; name another"
            " --output, or remove it"
        )
    return found == job


def _score(config: ServeConfig, scorer: Scorer, parts: Parts, target: Path) -> None:
    """Score what is behind the last part, and put everything in its place."""
    source = scorer.source
    if parts.number:
        say(f"resumes   {parts.counts.rows_in:,} rows were done by run {parts.stamp['run']}")
    with progress("score", source.about) as bar:
        bar(parts.counts.rows_in)
        output: Output = OneFile(parts) if is_one_file(target) else Folder(parts)
        n_threads = config.batch_threads or cores()
        with closing(in_order(scorer, source.chunks(parts.until), n_threads)) as runs:
            for group in _groups(runs, config.batch_rows, bar):
                output.add(parts.add(group))
        if source.about is not None:
            bar(source.about - parts.counts.rows_in)  # which was estimated
    _account(source, parts, config.max_rejected_fraction, target)
    output.finish(target)


def _account(source: Source, parts: Parts, most: float, target: Path) -> None:
    """Write down what was rejected; every row that came in must have gone somewhere.

    Raises:
        DataError: there was none, one is lost, or too many are rejected.
    """
    counts, where = parts.counts, quarantine_of(target)
    if not counts.rows_in:
        raise DataError(f"'{source.files[0].name}' has no rows")
    known = counts.rows_in if source.n_rows is None else source.n_rows
    if not known == counts.rows_in == counts.scored + counts.rejected:
        raise DataError(f"{known:,} rows came in, but {counts} are accounted for")
    reasons = write_quarantine(parts, where)
    if reasons:
        say(
            f"rows      in {counts.rows_in:,}  scored {counts.scored:,}  rejected"
            f" {counts.rejected:,}: {main_reasons(reasons)}; see '{where}'"
        )
    if counts.rejected > most * counts.rows_in:
        raise TooManyRejectedError(
            f"{counts.rejected:,} of {counts.rows_in:,} rows were rejected, more than"
            f" serve.max_rejected_fraction = {most:g} ({main_reasons(reasons)}); the rows and their"
            f" reasons are in '{where}', and nothing was written to '{target}': mend the rows, or"
            " run again with a larger fraction, which takes what was scored"
        )


def _groups(runs: Iterable[Scored], n_rows: int, bar: Bar) -> Iterator[list[Scored]]:
    """Runs that make a part together."""
    group: list[Scored] = []
    for run in runs:
        bar(run.counts.rows_in)
        if run.counts.rows_in:
            group.append(run)
        if sum(one.counts.rows_in for one in group) >= n_rows:
            yield group
            group = []
    if group:
        yield group
