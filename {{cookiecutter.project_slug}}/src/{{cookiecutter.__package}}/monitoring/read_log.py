"""The prediction log as rows: read once in blocks, kept as Parquet while a run lasts.

A line that is torn, foreign or of wrong types is counted and skipped; it stops nobody.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from ..contract import Contract
from ..errors import DataError
from ..log.live import read_blocks
from ..log.segments import LABELS, PREDICTIONS, SHADOW, listed
from ..models.tasks import task_of
from ..values import MISSING_TIME, canonical_category

TYPES = {"integer": pl.Float64, "float": pl.Float64, "boolean": pl.Boolean}
"""Of a column's cells in JSON; of all others it is text."""
HEAD = {
    "request_id": pl.String,
    "time": pl.String,
    "model": pl.String,
    "version": pl.Int64,
    "route": pl.String,
    "fallback": pl.Boolean,
}
INDEX = ("_at", "_version", "_key", "_answered", "_seconds", "_output")
MICROSECONDS = 1_000_000


@dataclass(kw_only=True)
class LoggedRows:
    """Rows of the versions that are watched, in the order of the log."""

    index: pl.DataFrame
    """Of each row its place ``_at``, ``_version``, ``_key``, ``_answered`` and ``_seconds`` in UTC
    seconds, ``_output`` and ``_label``, which is null while it is unknown."""
    parts: Sequence[tuple[int, Path]] = field(default_factory=list)
    """Where columns are, by the place of the first row."""
    skipped: int = 0
    """Lines and rows that are not of this contract."""

    def columns(self, places: pl.Series, names: Sequence[str]) -> pl.DataFrame:
        """Columns of the rows at some places, which rise."""
        ends = places.to_numpy()[[0, -1]]
        first, last = np.searchsorted([start for start, _ in self.parts], ends, side="right")
        query = pl.scan_parquet([path for _, path in self.parts[first - 1 : last]])
        query = query.filter(pl.col("_at").is_in(places.implode())).select(names)
        return query.collect()


def read_log(
    folder: Path, contract: Contract, version: int, others: Collection[int], staging: Path
) -> LoggedRows:
    """What a version answered, and what ``others`` answered beside it, with the labels known so far.

    Raises:
        DataError: the log cannot be read, or the staging folder has no room.
    """
    rows = LoggedRows(index=pl.DataFrame())
    index = [_rows_frame(pl.DataFrame(schema=_schema(contract)), contract).select(INDEX)]
    place = 0
    try:
        for lines in _blocks(folder, PREDICTIONS):
            frame, skipped = parse(lines, _schema(contract))
            rows.skipped += skipped + frame.filter(_is_foreign("model", "version")).height
            mine = _watched(frame, contract, version, others)
            found = _rows_frame(mine, contract)
            answers = mine.select(pl.col(task_of(contract).output).list.len().sum()).item() or 0
            rows.skipped += answers - found.height
            if found.height:
                found = found.with_columns(_at=pl.int_range(place, place + found.height))
                path = staging / f"{len(rows.parts):06}.parquet"
                found.write_parquet(path, compression="lz4")
                rows.parts = [*rows.parts, (place, path)]
                place += found.height
                index.append(found.select(INDEX))
        labels, skipped = _read_labels(folder, contract)
    except (OSError, pa.ArrowInvalid, pl.exceptions.PolarsError) as error:
        raise DataError(f"the log in '{folder}' cannot be read: {error}") from None
    rows.skipped += skipped
    rows.index = pl.concat(index).join(labels, on="_key", how="left", maintain_order="left")
    return rows


def parse(lines: Sequence[bytes], schema: dict[str, pl.DataType]) -> tuple[pl.DataFrame, int]:
    """The lines that are records of a form, and how many are not: halves are tried where all fail."""
    try:
        return pl.read_ndjson(b"\n".join(lines) or b"\n", schema=schema), 0
    except pl.exceptions.PolarsError:
        if len(lines) == 1:
            return pl.DataFrame(schema=schema), 1
    middle = len(lines) // 2
    halves = [parse(half, schema) for half in (lines[:middle], lines[middle:])]
    return pl.concat([frame for frame, _ in halves]), sum(skipped for _, skipped in halves)


def _blocks(folder: Path, stem: str) -> Iterator[list[bytes]]:
    for day in sorted({segment.day for segment in listed(folder, stem)}):
        for block in read_blocks(folder, stem, day):
            yield block.splitlines()


def _schema(contract: Contract) -> dict[str, pl.DataType]:
    columns = {name: _type(contract, name) for name in contract.request}
    answer: pl.DataType = pl.List(pl.Float64())
    output = pl.List(answer) if contract.task == "multiclass" else answer
    lists = {name: pl.List(kind) for name, kind in columns.items()}
    given = {"rows": pl.List(pl.Struct(columns)), "columns": pl.Struct(lists)}
    return {
        **{name: kind() for name, kind in HEAD.items()},
        **given,
        task_of(contract).output: output,
    }


def _type(contract: Contract, name: str) -> pl.DataType:
    kind = contract.columns[name].type
    exact = name in (contract.id, contract.target) and kind == "integer"
    return pl.Int64() if exact else TYPES.get(kind, pl.String)()


def _is_foreign(*names: str) -> pl.Expr:
    return pl.any_horizontal(pl.col("request_id", "time", *names).is_null())


def _watched(
    frame: pl.DataFrame, contract: Contract, version: int, others: Collection[int]
) -> pl.DataFrame:
    """Requests that a version answered by its model, or others answered or were tried on."""
    ours = (pl.col("version") == version) & (pl.col("route").fill_null("") != SHADOW)
    return frame.filter(
        ~_is_foreign("model", "version"),
        pl.col("model") == contract.name,
        ours | pl.col("version").is_in(list(others)),
        ~pl.col("fallback").fill_null(False),
    )


def _rows_frame(frame: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """A line for each row: ``INDEX``, and the contract's features as the model's inputs have them."""
    output, names = task_of(contract).output, list(contract.request)
    head = frame.select(
        pl.col("request_id", "rows", "columns"),
        _answered=_microseconds(pl.col("time")),
        _version="version",
        _output=output,
        _row=pl.int_ranges(0, pl.col(output).list.len()),
    ).filter(pl.col("_output").is_not_null())
    n_rows = pl.col("_output").list.len()
    by_row = head.filter(pl.col("rows").list.len() == n_rows).drop("columns")
    by_row = by_row.explode("rows", "_output", "_row").unnest("rows")
    by_column = head.filter(pl.col("columns").is_not_null()).drop("rows").unnest("columns")
    empty = (pl.lit(None, _type(contract, name)).repeat_by(n_rows) for name in names)
    filled = [pl.coalesce(name, nulls) for name, nulls in zip(names, empty, strict=True)]
    by_column = by_column.with_columns(filled)
    by_column = by_column.filter(pl.all_horizontal(pl.col(n).list.len() == n_rows for n in names))
    by_column = by_column.explode(*names, "_output", "_row").select(by_row.columns)
    rows = pl.concat([by_row, by_column]).filter(
        _is_valid(contract), pl.col("_answered").is_not_null()
    )
    keys = [pl.format("{}\n{}", "request_id", "_row")]
    keys = keys if contract.id is None else [pl.col(contract.id).cast(pl.String), *keys]
    seconds = pl.col("_answered") if contract.time is None else _microseconds(pl.col(contract.time))
    times = [_seconds(_microseconds(pl.col(name))).alias(name) for name in contract.times]
    return rows.select(
        pl.lit(0, pl.Int64).alias("_at"),
        "_version",
        pl.coalesce(*keys).hash().alias("_key"),
        "_answered",
        _seconds(seconds).alias("_seconds"),
        "_output",
        *(_number(name) for name in contract.numeric),
        *(_category(rows, name) for name in contract.category),
        *times,
    )


def _is_valid(contract: Contract) -> pl.Expr:
    if contract.task != "multiclass":
        return pl.col("_output").is_not_null()
    n_labels = len(contract.labels or ())
    known = pl.col("_output").list.drop_nulls().list.len() == n_labels
    return known & (pl.col("_output").list.len() == n_labels)


def _microseconds(time: pl.Expr) -> pl.Expr:
    moment = time.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
    return moment.dt.timestamp("us")


def _seconds(microseconds: pl.Expr) -> pl.Expr:
    return (microseconds // MICROSECONDS).fill_null(MISSING_TIME)


def _number(name: str) -> pl.Expr:
    """Rounded as a request's numbers are; null where it is not finite."""
    number = pl.col(name).cast(pl.Float64).cast(pl.Float32)
    return pl.when(number.is_finite()).then(number).alias(name)


def _category(rows: pl.DataFrame, name: str) -> pl.Expr:
    values = rows[name].unique().to_list()
    texts = [canonical_category(value) for value in values]
    return pl.col(name).replace_strict(values, texts, return_dtype=pl.String)


def _read_labels(folder: Path, contract: Contract) -> tuple[pl.DataFrame, int]:
    """``_key`` and ``_label`` of each row whose label is known; of several, the newest counts."""
    kind = _type(contract, contract.target)
    schema = {"request_id": pl.String(), "time": pl.String(), "row": pl.Int64(), "label": kind}
    keys = [pl.format("{}\n{}", "request_id", pl.col("row").fill_null(0))]
    if contract.id is not None:
        schema["id"] = _type(contract, contract.id)
        keys = [pl.col("id").cast(pl.String), *keys]
    found, skipped = [pl.DataFrame(schema={"_key": pl.UInt64, "_at": pl.Int64, "_label": kind})], 0
    for lines in _blocks(folder, LABELS):
        frame, torn = parse(lines, schema)
        known = frame.filter(~_is_foreign("label")).select(
            pl.coalesce(*keys).hash().alias("_key"),
            _microseconds(pl.col("time")).alias("_at"),
            pl.col("label").alias("_label"),
        )
        found.append(known.drop_nulls())
        skipped += torn + frame.height - found[-1].height
    newest = pl.concat(found).sort("_at", maintain_order=True)
    newest = newest.unique("_key", keep="last", maintain_order=True)
    encoded = task_of(contract).encode(newest["_label"].to_list())
    return newest.select("_key", _label=pl.Series(encoded, dtype=pl.Float64)), skipped
