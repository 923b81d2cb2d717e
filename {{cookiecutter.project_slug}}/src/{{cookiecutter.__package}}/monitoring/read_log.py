"""The prediction log as rows: read once in blocks, held as Parquet while a run lasts.

A line that is torn, foreign or of wrong types is counted and skipped; it stops nobody.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ..contract import Contract
from ..errors import DataError
from ..log.live import LABELS, PREDICTIONS, SHADOW, read_blocks
from ..models.inputs import Inputs
from ..models.tables import from_table
from ..models.tasks import task_of
from ..values import MISSING_TIME, canonical_category

TYPES = {"integer": pl.Float64, "float": pl.Float64, "boolean": pl.Boolean}
"""Of a column's cells in JSON; of all others it is text."""
INDEX = ("_at", "_version", "_shadow", "_key", "_answered", "_seconds", "_output")
MICROSECONDS = 1_000_000
CELLS = 16_000_000
"""Cells that are read at once."""
Array = npt.NDArray[Any]
UNREADABLE = (OSError, EOFError, zlib.error, pl.exceptions.PolarsError)


@dataclass(frozen=True, kw_only=True)
class Served:
    """Rows that versions of a model answered, or were tried on, in the order of the log."""

    index: pl.DataFrame
    """Of each row its place ``_at``, ``_version``, whether it is a ``_shadow``, ``_key``, ``_answered``
    (UTC microseconds), ``_seconds``, ``_output``, and ``_label``, null while it is unknown."""
    folder: Path
    """Parquet files with ``_at`` and the columns."""

    def __len__(self) -> int:
        return self.index.height

    def __getitem__(self, rows: Array) -> "Served":
        return replace(self, index=self.index[rows])

    @property
    def outputs(self) -> Array:
        """As the task gives them, ``[rows]`` or ``[rows, classes]``."""
        outputs = self.index["_output"]
        if outputs.dtype == pl.List and len(outputs):
            outputs = outputs.list.to_array(len(outputs[0]))
        return outputs.to_numpy()

    @property
    def seconds(self) -> npt.NDArray[np.int64]:
        """When each row happened: the contract's time, else when it was answered; UTC seconds."""
        return self.index["_seconds"].to_numpy()

    @property
    def labels(self) -> npt.NDArray[np.float64]:
        """As the task encodes them; NaN while a label is unknown."""
        return self.index["_label"].fill_null(float("nan")).to_numpy()

    def read(self, names: Sequence[str]) -> pl.DataFrame:
        """Some of the contract's features, as the model's inputs have them."""
        at, logged = self.index["_at"], pl.scan_parquet(self.folder / "*.parquet")
        near = logged.filter(pl.col("_at").is_between(at[0], at[-1]))
        return near.filter(pl.col("_at").is_in(at.implode())).select(names).collect()

    def columns(self, names: Sequence[str]) -> Iterator[Array]:
        """Features one by one; a few are read and held at once."""
        many = max(1, CELLS // len(self))
        for start in range(0, len(names), many):
            for column in self.read(names[start : start + many]):
                yield column.to_numpy()

    def inputs(self, contract: Contract) -> Inputs:
        """What the model takes."""
        return from_table(contract, self.read(contract.features))


def read_log(folder: Path, contract: Contract, staging: Path) -> tuple[Served, int]:
    """What the versions of a model answered, with the labels known so far; and how much is not ours.

    Raises:
        DataError: the log cannot be read, or the staging folder has no room.
    """
    schema, output = _schema(contract), task_of(contract).output
    index = [_rows_in(pl.DataFrame(schema=schema), contract).select(INDEX)]
    n_rows = skipped = 0
    try:
        for number, lines in enumerate(read_blocks(folder, PREDICTIONS)):
            records, torn = parse(lines, schema)
            known = records.drop_nulls(["request_id", "time", "model", "version"])
            ours = known.filter(pl.col("model") == contract.name)
            rows = _rows_in(ours, contract)
            rows = rows.with_columns(_at=pl.int_range(n_rows, n_rows + rows.height))
            rows.write_parquet(staging / f"{number:06}.parquet", compression="lz4")
            index.append(rows.select(INDEX))
            n_rows += rows.height
            n_answers = ours.select(pl.col(output).list.len().sum()).item() or 0
            skipped += torn + records.height - known.height + n_answers - rows.height
        labels, torn = _read_labels(folder, contract)
    except UNREADABLE as error:
        raise DataError(f"the log in '{folder}' cannot be read: {error}") from None
    joined = pl.concat(index).join(labels, on="_key", how="left", maintain_order="left")
    return Served(index=joined, folder=staging), skipped + torn


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


def _schema(contract: Contract) -> dict[str, pl.DataType]:
    """Of a record of the log; other keys are passed over."""
    columns = {name: _type(contract, name) for name in contract.request}
    answer = pl.List(pl.Float64())
    return {
        **dict.fromkeys(("request_id", "time", "model", "route"), pl.String()),
        "version": pl.Int64(),
        "rows": pl.List(pl.Struct(columns)),
        task_of(contract).output: pl.List(answer) if contract.task == "multiclass" else answer,
    }


def _type(contract: Contract, name: str) -> pl.DataType:
    kind = contract.columns[name].type
    is_exact = name in (contract.id, contract.target) and kind == "integer"
    return pl.Int64() if is_exact else TYPES.get(kind, pl.String)()


def _rows_in(records: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """A line for each row: ``INDEX``, and the contract's features as the model's inputs have them."""
    output = pl.col(task_of(contract).output)
    rows = records.filter(pl.col("rows").list.len() == output.list.len()).select(
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
    moment = pl.col("_answered") if contract.time is None else _microseconds(pl.col(contract.time))
    return rows.select(
        pl.lit(0, pl.Int64).alias("_at"),
        "_version",
        "_shadow",
        _key(contract.id, pl.col("_row")),
        "_answered",
        _seconds(moment).alias("_seconds"),
        "_output",
        *(_number(name) for name in contract.numeric),
        *(_category(rows[name]) for name in contract.category),
        *(_moment(pl.col(name)).alias(name) for name in contract.times),
    )


def _key(id_column: str | None, row: pl.Expr) -> pl.Expr:
    """What a row is known by: a hash of its id, else of its request and place there."""
    place = pl.format("{}\n{}", "request_id", row)
    key = place if id_column is None else pl.coalesce(pl.col(id_column).cast(pl.String), place)
    return key.hash().alias("_key")


def _moment(time: pl.Expr) -> pl.Expr:
    return time.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)


def _microseconds(time: pl.Expr) -> pl.Expr:
    return _moment(time).dt.timestamp("us")


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
    if contract.id is not None:
        schema["id"] = _type(contract, contract.id)
    key = _key("id" if contract.id else None, pl.col("row").fill_null(0))
    parts = [pl.DataFrame(schema={"_key": pl.UInt64, "_at": pl.Int64, "_label": kind})]
    skipped = 0
    for lines in read_blocks(folder, LABELS):
        records, torn = parse(lines, schema)
        known = records.drop_nulls(["request_id", "time", "label"]).select(
            key, _at=_microseconds(pl.col("time")), _label="label"
        )
        parts.append(known.drop_nulls())
        skipped += torn + records.height - parts[-1].height
    newest = pl.concat(parts).sort("_at", maintain_order=True)
    newest = newest.unique("_key", keep="last", maintain_order=True)
    encoded = task_of(contract).encode(newest["_label"].to_list())
    return newest.select("_key", _label=pl.Series(encoded, dtype=pl.Float64)), skipped
