"""One dataset version: extract → transform → rules → split → load, every row accounted for."""

import json
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from ibis.common.exceptions import IbisError

from .. import __version__
from ..atomic import write_file
from ..config import DataConfig, DateSplit, HashSplit
from ..contract import Contract, told_apart
from ..errors import DataError, TooManyRejectedError
from ..terminal import Bar, progress
from . import transform
from .engine import Engine, connect
from .extract import ROW, Extraction, extract
from .leakage import tell_alone
from .load import Loaded, Loader, OutOfOrderError
from .quarantine import Counts, main_reasons
from .sources import open_source
from .split import assigner, settled
from .validate import check, conform

MOST_BAD = 10_000
"""Rows that may be bad before a split by the newest row gives up."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run's inputs, and where it works."""

    contract: Contract
    config: DataConfig
    paths: dict[str, list[Path]]
    """The files of each source, in order."""
    quarantine: Path
    scratch: Path


def build(run: Run, folder: Path) -> dict[str, Any]:
    """Write the splits into ``folder`` and bad rows into quarantine; return what to remember.

    Raises:
        DataError: a source, its rows or the transform do not fit.
        ConfigError: the split goes by a column that the contract has not.
    """
    n_files = sum(map(len, run.paths.values()))
    with progress("data", n_files + 1) as bar:
        extracted = {name: _extracted(run, name, bar) for name in run.paths}
        driving = extracted[run.config.driving]
        if not driving.total["accepted"]:
            raise DataError(
                f"source '{run.config.driving}' has no row that can be read, so there is nothing"
                f" to make a dataset of; rejected rows are in '{run.quarantine}'"
            )
        with connect(run.config, run.scratch, run.contract.timezone) as engine:
            made = _made(engine, extracted, run.contract)
            split = settled(run.contract, run.config.split, partial(_newest, run, engine, made))
            loaded = _loaded(run, engine, made, split, extracted, folder, bar)
        rows = _accounted(run, driving, loaded)
        loaded.labels.check()
    return {
        "version": __version__,
        "source_rows": {name: extraction.counts for name, extraction in extracted.items()},
        "rows": rows,
        "reasons": {n: e.reasons for n, e in extracted.items()} | {"contract": loaded.reasons},
        "splits": loaded.labels.summary(),
        "cut": split.model_dump(mode="json") if isinstance(split, DateSplit) else None,
        "content_hash": loaded.content_hash,
        "columns": loaded.summary.columns_summary(),
        "suspects": _suspects(run.contract, loaded),
    }


def _extracted(run: Run, name: str, bar: Bar) -> Extraction:
    source = open_source(run.contract, name, run.paths[name])
    found = extract(
        name,
        source,
        run.scratch,
        run.quarantine,
        run.config.memory_limit,
        lambda path: bar(note=path.name),
    )
    for file, counts in found.counts.items():
        _conserved(f"'{file}'", counts, "in")
    _summarize(run.quarantine, name, found.counts, found.reasons)
    _few_enough(f"source '{name}'", found.total["rejected"], found.total["in"], found.reasons, run)
    return found


def _loaded(
    run: Run,
    engine: Engine,
    made: ibis.Table,
    split: DateSplit | HashSplit,
    extracted: dict[str, Extraction],
    folder: Path,
    bar: Bar,
) -> Loaded:
    """Check, split and write; sorted by the engine only where it must be."""
    losers = _losers(run, engine, made)
    assign = assigner(run.contract, split)
    driving = extracted[run.config.driving]
    total = driving.total["accepted"]

    def advance(n_rows: int) -> None:
        bar(n_rows / total, note="splits")

    try:
        loader = Loader(run.contract, driving, losers, assign, in_order=False)
        return loader.load(_batches(engine, made, run.contract), folder, advance)
    except OutOfOrderError:
        loader = Loader(run.contract, driving, losers, assign, in_order=True)
        rows = _batches(engine, made.order_by(ROW), run.contract)
        return loader.load(rows, folder, advance)


def _made(engine: Engine, extracted: dict[str, Extraction], contract: Contract) -> ibis.Table:
    tables = {name: engine.table(name, extraction) for name, extraction in extracted.items()}
    try:
        made = transform.transform(tables)
    except (KeyError, AttributeError, TypeError, ValueError, IbisError) as error:
        steps = traceback.extract_tb(error.__traceback__)
        lines = [step.lineno for step in steps if step.filename == transform.__file__]
        raise DataError(
            f"data/transform.py, line {lines[-1] if lines else '?'}, does not fit the contract's"
            f" sources ({', '.join(tables)}) and their columns: {type(error).__name__}: {error}"
        ) from None
    if not isinstance(made, ibis.Table):
        raise DataError(
            f"data/transform.py gives {type(made).__name__} where a table is due; end its function"
            " with return and the table"
        )
    known = told_apart(contract.columns).values()
    absent = [name for name in (ROW, *known) if name not in made.columns]
    if absent:
        raise DataError(
            f"transform gives no column {', '.join(map(repr, absent))}, which the contract names;"
            " add it in data/transform.py or take it out of contract.yaml"
        )
    return made.select(ROW, *known)


def _batches(engine: Engine, rows: ibis.Table, contract: Contract) -> Iterator[pa.RecordBatch]:
    """Rows of the contract, by its own names."""
    for batch in engine.batches(rows):
        yield batch.rename_columns([ROW, *contract.columns])


def _losers(run: Run, engine: Engine, made: ibis.Table) -> npt.NDArray[np.int64]:
    """Rows for whose id another row stands: of those that break no rule, the first or the last."""
    name = run.contract.id
    none = np.empty(0, np.int64)
    if name is None:
        return none
    key = told_apart(run.contract.columns)[name]
    made = made.filter(made[key].notnull() & made[ROW].notnull())
    met = made.group_by(key).having(ibis._.count() > 1).agg()
    contested: dict[Any, list[int]] = {}
    for batch in _batches(engine, made.semi_join(met, key).order_by(ROW), run.contract):
        rows, good = _good(batch, run.contract)
        ids, numbers = rows[name].filter(good).to_pylist(), rows[ROW].filter(good).to_pylist()
        for value, row in zip(ids, numbers, strict=True):
            contested.setdefault(value, []).append(row)
    stays = slice(1, None) if run.config.keep == "first" else slice(None, -1)
    losers = np.array(sorted(row for rows in contested.values() for row in rows[stays]), np.int64)
    if len(losers) and run.contract.columns[name].mode("unique") == "fail":
        raise DataError(
            f"{len(losers):,} rows have a '{name}' that another row has, and its on_violation for"
            " unique is fail; nothing was written"
        )
    return losers


def _good(batch: pa.RecordBatch, contract: Contract) -> tuple[pa.Table, pa.Array]:
    """Rows in the contract's types, and which of them have a label and break no rule."""
    rows = pa.Table.from_batches([batch])
    checked = check(conform(rows, contract), contract)
    good = pc.is_valid(checked.rows[contract.target])
    if checked.rejected is not None:
        good = pc.and_(good, pc.is_null(checked.rejected))
    return checked.rows.add_column(0, ROW, rows[ROW]), good


def _newest(run: Run, engine: Engine, made: ibis.Table, time: str) -> int:
    """The latest time of a good row, in microseconds since 1970; bad ones must not move a split.

    Raises:
        DataError: none of the latest rows is good.
    """
    known = told_apart(run.contract.columns)
    at, target = made[known[time]], made[known[run.contract.target]]
    latest = made.filter(at.notnull() & target.notnull()).order_by(at.desc()).limit(MOST_BAD)
    for batch in _batches(engine, latest, run.contract):
        rows, good = _good(batch, run.contract)
        found = pc.max(rows[time].filter(good)).cast(pa.int64()).as_py()
        if found is not None:
            return int(found)
    raise DataError(
        f"none of the {MOST_BAD:,} latest rows has a label and breaks no rule, so there is no newest"
        " row to split by; look at the latest rows, or say by: date under split: in data.yaml"
    )


def _accounted(run: Run, driving: Extraction, loaded: Loaded) -> Counts:
    made = loaded.counts["made"]
    counts = {"driving": driving.total["accepted"], "filtered": 0} | loaded.counts
    counts["filtered"] = counts["driving"] - counts.pop("made")
    _conserved("transform", counts, "driving")
    if (bad := loaded.quarantined) is not None:
        places = driving.places(bad[ROW].to_numpy())
        for at, name in enumerate(places.schema.names):
            bad = bad.add_column(at, name, places[name])
        pq.write_table(bad, run.quarantine / "contract.parquet", compression="zstd")
    _summarize(run.quarantine, "contract", counts, loaded.reasons)
    labelled = made - counts["unlabelled"]
    _few_enough("the contract", counts["rejected"], labelled, loaded.reasons, run)
    return counts


def _suspects(contract: Contract, loaded: Loaded) -> dict[str, float]:
    sample = loaded.summary.sampled("train")
    return {} if sample is None else dict(tell_alone(sample, contract))


def _summarize(quarantine: Path, name: str, counts: Any, reasons: Counts) -> None:
    """What became of the rows, beside the rows themselves."""
    path = quarantine / "summary.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    known[name] = {"rows": counts, "reasons": reasons}
    write_file(path, json.dumps(known, indent=2, ensure_ascii=False).encode())


def _conserved(what: str, counts: Counts, whole: str) -> None:
    parts = sum(value for key, value in counts.items() if key != whole)
    if counts[whole] != parts:
        raise DataError(
            f"{what}: {counts[whole]:,} rows came in but {parts:,} are accounted for: {counts}"
        )


def _few_enough(what: str, rejected: int, total: int, reasons: Counts, run: Run) -> None:
    most = run.config.max_rejected_fraction
    if rejected > most * total:
        raise TooManyRejectedError(
            f"{what} rejected {rejected:,} of {total:,} rows, more than"
            f" data.max_rejected_fraction = {most:g} ({main_reasons(reasons)}); the rows and their"
            f" reasons are in '{run.quarantine}'; the current dataset is unchanged"
        )
