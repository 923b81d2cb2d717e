"""A chunk of rows to a table of scores, by the server's own rules and answers."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from ..contract import Mode
from ..data.read import Numbers
from ..data.rows import FILE, REASONS, RECORD, Chunk, Rejected, quarantine, rejected_rows
from ..data.validate import Breach, any_of, breaches, nulled, reasons_of
from ..errors import DataError, ModelFailedError
from ..models.bundle import Bundle
from ..models.tables import from_table
from ..serving.answers import Predicted, answer_columns, fields_of, known_categories
from .source import File

QUARANTINE = quarantine("", []).to_arrow().schema
ARROW = {
    float: pa.float64(),
    bool: pa.bool_(),
    str: pa.string(),
    list[str]: pa.list_(pa.string()),
}
"""By the type of a field of the answer."""


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A chunk that is done."""

    answers: pa.Table
    quarantine: pa.Table
    """Rejected rows, and those of which a value became null, as the contract says."""
    n_rejected: int


class Scorer:
    """Scores chunks; threads may share it."""

    def __init__(self, bundle: Bundle, files: Sequence[File]) -> None:
        self._bundle, contract = bundle, bundle.contract
        self._key = contract.id if contract.id in files[0].layout.forms else None
        if self._key is None:
            names = [(FILE, pa.string()), (RECORD, pa.int64())]
        else:
            whole = contract.columns[self._key].type == "integer"
            names = [(self._key, pa.int64() if whole else pa.string())]
        self._known = known_categories(bundle)
        fields = [field for field in fields_of(contract) if not field.on_request]
        answer = [(field.name, ARROW[field.type(contract)]) for field in fields]
        self.schema = pa.schema([*names, *answer])
        """Of the scores: what names a row, then what is answered to it."""

    def __call__(self, chunk: Chunk, file: File) -> Scored:
        """Check a chunk of a file by the contract's rules, and answer the rows that keep them.

        Raises:
            DataError: a value breaks a rule whose mode is fail.
            ModelFailedError: the graph has no answer to a row.
        """
        rules = breaches(self._bundle.contract, chunk.rows.columns, online=True)
        _refuse_failing(chunk, rules, file)
        rejects = _flags(chunk, rules, "reject")
        nulls = _flags(chunk, rules, "null") & ~rejects
        rejected = [*chunk.rejected, *_broken(chunk, rejects, reasons_of(rules, "reject"), file)]
        gone = {one.record for one in rejected}
        made_null = reasons_of(rules, "null").str.replace_all("; ", ", made null; ", literal=True)
        changed = _broken(chunk, nulls, (made_null + ", made null").alias(REASONS), file)
        changed += [one for one in chunk.nulled if one.record not in gone]
        listed = sorted([*rejected, *changed], key=lambda one: one.record)
        rows = chunk.rows.with_columns(nulled(rules)).select(chunk.rows.columns).filter(~rejects)
        return Scored(
            answers=self._answers(rows, chunk.numbers[~rejects.to_numpy()], file.name),
            quarantine=quarantine(file.name, listed).to_arrow(),
            n_rejected=len(rejected),
        )

    def _answers(self, rows: pl.DataFrame, numbers: Numbers, file: str) -> pa.Table:
        if not len(rows):
            return self.schema.empty_table()
        table, contract = rows.to_arrow(), self._bundle.contract
        inputs = from_table(contract, table)
        try:
            outputs = self._bundle.predict(inputs)
        except ModelFailedError as error:
            raise ModelFailedError(
                f"{error}: '{file}', a row among the records {numbers[0]:,} to {numbers[-1]:,}"
            ) from None
        predicted = Predicted(
            bundle=self._bundle, known=self._known, inputs=inputs, outputs=outputs
        )
        columns = answer_columns(predicted) | {FILE: [file] * len(rows), RECORD: numbers}
        if self._key is not None:
            columns[self._key] = rows[self._key].to_list()
        empty = [None] * len(rows)
        arrays = [pa.array(columns.get(f.name, empty), f.type) for f in self.schema]
        return pa.table(arrays, self.schema)


def _flags(chunk: Chunk, rules: list[Breach], mode: Mode) -> pl.Series:
    """The rows that break a rule of this mode."""
    return chunk.rows.with_columns(_flag=any_of(rules, mode)).get_column("_flag")


def _refuse_failing(chunk: Chunk, rules: list[Breach], file: File) -> None:
    fails = _flags(chunk, rules, "fail")
    if fails.any():
        first = int(fails.arg_max() or 0)
        reason = chunk.rows[first].select(reasons_of(rules, "fail")).item()
        raise DataError(
            f"{reason}, and its on_violation is fail ('{file.name}', record"
            f" {chunk.numbers[first]:,}); nothing was written"
        )


def _broken(chunk: Chunk, where: pl.Series, reasons: pl.Expr, file: File) -> list[Rejected]:
    if not where.any():
        return []
    rows, numbers = chunk.rows.filter(where), chunk.numbers[where.to_numpy()]
    texts = rows.select(reasons).to_series().to_list()
    return rejected_rows(rows, numbers, texts, file.layout, typed=True)
