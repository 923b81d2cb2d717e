"""A chunk of rows to a table of answers; threads may share a scorer."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ...data.rows import FILE, RECORD, Chunk
from ...errors import ModelFailedError
from ...models.bundle import Bundle
from ...models.tables import from_table
from .rules import Judged, judge
from .source import Place, Source

DECISION = "decision"
FILES = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Where rows went."""

    rows_in: int = 0
    scored: int = 0
    rejected: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            rows_in=self.rows_in + other.rows_in,
            scored=self.scored + other.scored,
            rejected=self.rejected + other.rejected,
        )


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A run of rows that is done."""

    answers: pa.Table
    quarantine: pa.Table
    until: Place
    counts: Counts


class Scorer:
    """Answers as the server does: the same rules, the same inputs, the same graph."""

    def __init__(self, bundle: Bundle, source: Source) -> None:
        self.bundle, self.source = bundle, source
        contract = bundle.contract
        self.key = contract.id if source.has_id else None
        fields = [(FILE, FILES), (RECORD, pa.int64())]
        if self.key is not None:
            kind = contract.columns[self.key].type
            fields = [(self.key, pa.int64() if kind == "integer" else pa.string())]
        answer = {
            "binary": [("probability", pa.float64()), (DECISION, pa.bool_())],
            "multiclass": [("probability", pa.float64()), (DECISION, pa.string())],
            "regression": [("value", pa.float64())],
        }
        self.schema = pa.schema([*fields, *answer[contract.task]])
        """Of the answers: what names a row, then what is answered to it."""

    def __call__(self, numbered: tuple[int, Chunk]) -> Scored:
        """Hold a chunk of the source's file of this number to the rules and answer what is left.

        Raises:
            DataError: a value breaks a rule whose mode is fail.
            ModelFailedError: the graph has no answer to a row.
        """
        number, chunk = numbered
        file = self.source.files[number]
        judged = judge(chunk, self.bundle.contract, self.source.layout(file), file.name)
        n_scored = len(judged.rows)
        return Scored(
            answers=(self._answered(judged, file.name) if n_scored else self.schema.empty_table()),
            quarantine=judged.quarantine.to_arrow(),
            until=Place(file=number, record=chunk.last),
            counts=Counts(rows_in=judged.n_in, scored=n_scored, rejected=judged.n_rejected),
        )

    def _answered(self, judged: Judged, file: str) -> pa.Table:
        rows, task = judged.rows.to_arrow(), self.bundle.task
        try:
            outputs = self.bundle.predict(from_table(self.bundle.contract, rows))
        except ModelFailedError as error:
            first, last = judged.numbers[0], judged.numbers[-1]
            raise ModelFailedError(
                f"{error}: '{file}', a row among the records {first:,} to {last:,}"
            ) from None
        if self.key is not None:
            names = [rows[self.key]]
        else:
            zeros = np.zeros(len(rows), np.int32)
            names = [
                pa.DictionaryArray.from_arrays(zeros, pa.array([file])),
                pa.array(judged.numbers),
            ]
        answers = [pa.array(task.decisions(outputs))]
        certainty = task.certainty(outputs)
        if certainty is not None:
            answers.insert(0, pa.array(certainty))
        columns = [*names, *answers]
        return pa.table(
            [c.cast(f.type) for c, f in zip(columns, self.schema, strict=True)], self.schema
        )
