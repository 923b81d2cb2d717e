"""A chunk of rows to a table of scores, by the server's own rules and answers."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from ..data.read import Numbers
from ..data.rows import FILE, RECORD, Chunk, quarantine, refuse_failing, rejected_rows
from ..data.validate import any_of, breaches, reasons_of
from ..errors import ModelFailedError
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
    """Rejected rows."""
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
            DataError: a column whose ``on_violation`` is fail has a bad value.
            ModelFailedError: the graph has no answer to a row.
        """
        rules = breaches(self._bundle.contract, chunk.rows.columns, online=True)
        broken = chunk.rows.select(any_of(rules)).to_series()
        bad, good = chunk.rows.filter(broken), chunk.rows.filter(~broken)
        reasons = bad.select(reasons_of(rules)).to_series()
        numbers = chunk.numbers[broken.to_numpy()]
        rejected = [*chunk.rejected, *rejected_rows(bad, numbers, reasons, file.layout)]
        rejected.sort(key=lambda one: one.record)
        quarantined = quarantine(file.name, rejected)
        refuse_failing(quarantined, self._bundle.contract)
        return Scored(
            answers=self._answers(good, chunk.numbers[~broken.to_numpy()], file.name),
            quarantine=quarantined.to_arrow(),
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
