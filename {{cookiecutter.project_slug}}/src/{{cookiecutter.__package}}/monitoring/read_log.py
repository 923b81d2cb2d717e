"""The prediction log as rows: read once in blocks, held as Parquet while a run lasts.

A line that is torn, foreign or of wrong types is counted and skipped; it stops nobody.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa

from ..contract import Contract
from ..errors import DataError
from ..log.live import read_blocks, rows_of, whole
from ..log.segments import LABELS, PREDICTIONS, SHADOW
from ..models.tasks import task_of
from ..values import MISSING_TIME, canonical_category

TYPES = {"integer": pl.Float64, "float": pl.Float64, "boolean": pl.Boolean}
"""Of a column's cells in JSON; of all others it is text."""
INDEX = ("_at", "_version", "_shadow", "_key", "_answered", "_seconds", "_output")
MICROSECONDS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class LoggedRows:
    """Rows that any version of a model answered, or was tried on, in the order of the log."""

    index: pl.DataFrame
    """Of each row its place ``_at``, ``_version``, whether it is a ``_shadow``, ``_key``, ``_answered``
    (UTC microseconds), ``_seconds``, ``_output``, and ``_label``, null while it is unknown."""
    folder: Path
    """Parquet files with ``_at`` and the columns."""
    skipped: int
    """Lines and rows that are not of this contract."""

    def columns(self, places: pl.Series, names: Sequence[str]) -> pl.DataFrame:
        """Columns of the rows at some places, which rise."""
        near = pl.col("_at").is_between(places[0], places[-1])
        rows = pl.scan_parquet(self.folder / "*.parquet").filter(near)
        return rows.filter(pl.col("_at").is_in(places.implode())).select(names).collect()


def read_log(folder: Path, contract: Contract, staging: Path) -> LoggedRows:
    """What the versions of a model answered, with the labels known so far.

    Raises:
        DataError: the log cannot be read, or the staging folder has no room.
    """
    schema, output = _schema(contract), task_of(contract).output
    index = [_typed(pl.DataFrame(schema=schema), contract).select(INDEX)]
    place = skipped = 0
    try:
        for number, lines in enumerate(read_blocks(folder, PREDICTIONS)):
            given = [line if b'"rows"' in line else _by_row(line) for line in lines]
            frame, torn = parse(given, schema)
            ours = frame.drop_nulls(["request_id", "time", "model", "version"])
            model = ours.filter(
                pl.col("model") == contract.name, ~pl.col("fallback").fill_null(False)
            )
            rows = _typed(model, contract)
            rows = rows.with_columns(_at=pl.int_range(place, place + rows.height))
            answers = model.select(pl.col(output).list.len().sum()).item() or 0
            skipped += torn + frame.height - ours.height + answers - rows.height
            rows.write_parquet(staging / f"{number:06}.parquet", compression="lz4")
            place += rows.height
            index.append(rows.select(INDEX))
        labels, torn = _read_labels(folder, contract)
    except (OSError, pa.ArrowInvalid, pl.exceptions.PolarsError) as error:
        raise DataError(f"the log in '{folder}' cannot be read: {error}") from None
    joined = pl.concat(index).join(labels, on="_key", how="left", maintain_order="left")
    return LoggedRows(index=joined, folder=staging, skipped=skipped + torn)


def parse(lines: Sequence[bytes], schema: dict[str, pl.DataType]) -> tuple[pl.DataFrame, int]:
    """The lines that are records of a form, and how many are not: halves are tried where all fail."""
    try:
        return pl.read_ndjson(b"".join(lines) or b"\n", schema=schema), 0
    except pl.exceptions.PolarsError:
        if len(lines) == 1:
            return pl.DataFrame(schema=schema), 1
    middle = len(lines) // 2
    halves = [parse(half, schema) for half in (lines[:middle], lines[middle:])]
    return pl.concat([frame for frame, _ in halves]), sum(skipped for _, skipped in halves)


def _by_row(line: bytes) -> bytes:
    """A record of version 0.1, which may hold lists by column, with rows; any other line as it is."""
    record = whole(line) or {}
    rows = rows_of(record)
    return line if rows is None else json.dumps(record | {"rows": rows}).encode() + b"\n"


def _schema(contract: Contract) -> dict[str, pl.DataType]:
    """Of a record of the log; other keys are passed over."""
    columns = {name: _type(contract, name) for name in contract.request}
    answer = pl.List(pl.Float64())
    return {
        **dict.fromkeys(("request_id", "time", "model", "route"), pl.String()),
        "version": pl.Int64(),
        "fallback": pl.Boolean(),
        "rows": pl.List(pl.Struct(columns)),
        task_of(contract).output: pl.List(answer) if contract.task == "multiclass" else answer,
    }


def _type(contract: Contract, name: str) -> pl.DataType:
    kind = contract.columns[name].type
    exact = name in (contract.id, contract.target) and kind == "integer"
    return pl.Int64() if exact else TYPES.get(kind, pl.String)()


def _typed(frame: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """A line for each row: ``INDEX``, and the contract's features as the model's inputs have them."""
    output = pl.col(task_of(contract).output)
    rows = frame.filter(pl.col("rows").list.len() == output.list.len()).select(
        "request_id",
        "rows",
        _answered=_microseconds(pl.col("time")),
        _version="version",
        _shadow=pl.col("route").fill_null("") == SHADOW,
        _output=output,
        _row=pl.int_ranges(0, output.list.len()),
    )
    rows = rows.explode("rows", "_output", "_row").unnest("rows")
    rows = rows.drop_nulls(["_answered", "_output"])
    if contract.task == "multiclass":
        n_labels, known = len(contract.labels or ()), pl.col("_output").list.drop_nulls()
        rows = rows.filter(known.list.len() == n_labels, pl.col("_output").list.len() == n_labels)
    keys = [pl.format("{}\n{}", "request_id", "_row")]
    keys = keys if contract.id is None else [pl.col(contract.id).cast(pl.String), *keys]
    moment = pl.col("_answered") if contract.time is None else _microseconds(pl.col(contract.time))
    return rows.select(
        pl.lit(0, pl.Int64).alias("_at"),
        "_version",
        "_shadow",
        pl.coalesce(*keys).hash().alias("_key"),
        "_answered",
        _seconds(moment).alias("_seconds"),
        "_output",
        *(_number(name) for name in contract.numeric),
        *(_category(rows[name]) for name in contract.category),
        *(_seconds(_microseconds(pl.col(name))).alias(name) for name in contract.times),
    )


def _microseconds(time: pl.Expr) -> pl.Expr:
    moment = time.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
    return moment.dt.timestamp("us")


def _seconds(microseconds: pl.Expr) -> pl.Expr:
    return (microseconds // MICROSECONDS).fill_null(MISSING_TIME)


def _number(name: str) -> pl.Expr:
    """Rounded as a request's numbers are; null where it is not finite."""
    number = pl.col(name).cast(pl.Float64).cast(pl.Float32)
    return pl.when(number.is_finite()).then(number).alias(name)


def _category(values: pl.Series) -> pl.Series:
    distinct = values.unique().to_list()
    texts = [canonical_category(value) for value in distinct]
    return values.replace_strict(distinct, texts, return_dtype=pl.String)


def _read_labels(folder: Path, contract: Contract) -> tuple[pl.DataFrame, int]:
    """``_key`` and ``_label`` of each row whose label is known; of several, the newest counts."""
    kind = _type(contract, contract.target)
    schema = {"request_id": pl.String(), "time": pl.String(), "row": pl.Int64(), "label": kind}
    keys = [pl.format("{}\n{}", "request_id", pl.col("row").fill_null(0))]
    if contract.id is not None:
        schema["id"] = _type(contract, contract.id)
        keys = [pl.col("id").cast(pl.String), *keys]
    parts = [pl.DataFrame(schema={"_key": pl.UInt64, "_at": pl.Int64, "_label": kind})]
    skipped = 0
    for lines in read_blocks(folder, LABELS):
        frame, torn = parse(lines, schema)
        known = frame.drop_nulls(["request_id", "time", "label"]).select(
            pl.coalesce(*keys).hash().alias("_key"),
            _microseconds(pl.col("time")).alias("_at"),
            pl.col("label").alias("_label"),
        )
        parts.append(known.drop_nulls())
        skipped += torn + frame.height - parts[-1].height
    newest = pl.concat(parts).sort("_at", maintain_order=True)
    newest = newest.unique("_key", keep="last", maintain_order=True)
    encoded = task_of(contract).encode(newest["_label"].to_list())
    return newest.select("_key", _label=pl.Series(encoded, dtype=pl.Float64)), skipped
