"""The contract's rules over rows that are to be scored, as the server holds a request to them."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ...contract import Contract
from ...data.chunks import LINE, Chunk
from ...data.quarantine import table_of
from ...data.records import Broken
from ...data.validate import check
from ...errors import DataError


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A chunk's rows, each of which is scored or rejected."""

    rows: pa.Table
    """Those to score, by the contract's types, and the line of each."""
    quarantine: pa.Table
    """Those rejected, and those of which a value became null, as its column's mode says."""
    n_rejected: int
    last: int
    """The line at which the last of all begins; 0 where there is none."""

    @property
    def n_in(self) -> int:
        """How many came in."""
        return len(self.rows) + self.n_rejected


def judge(chunk: Chunk, contract: Contract, file: str) -> Judged:
    """Sort out what breaks a rule.

    A row is rejected where the server would refuse it, and where its id is missing, without which
    nobody could tell whose score it is.

    Raises:
        DataError: a value breaks a rule whose mode is fail.
    """
    names = [name for name in chunk.rows.schema.names if name != LINE]
    checked = check(chunk.rows.select(names), contract, online=True)
    if checked.failed is not None:
        first = int(np.argmax(_said(checked.failed)))
        raise DataError(
            f"{checked.failed[first].as_py()}, and its on_violation is fail ('{file}', line"
            f" {chunk.rows[LINE][first].as_py():,}); nothing was written"
        )
    broken, mended = list(chunk.broken), list(chunk.nulled)
    rows = checked.rows.append_column(LINE, chunk.rows[LINE])
    if checked.nulled is not None:
        kept = checked.nulled
        if checked.rejected is not None:
            kept = pc.if_else(pc.is_valid(checked.rejected), pa.scalar(None, pa.string()), kept)
        mended += [_made_null(one) for one in _told(chunk.rows, kept)]
    if checked.rejected is not None:
        broken += _told(rows, checked.rejected)
        gone = {one.line for one in broken}
        mended = [one for one in mended if one.line not in gone]
        rows = rows.filter(pc.is_null(checked.rejected))
    lines = [one.line for one in chunk.broken[-1:]] + chunk.rows[LINE][-1:].to_pylist()
    return Judged(
        rows=rows,
        quarantine=table_of(file, [*broken, *mended]),
        n_rejected=len(broken),
        last=max(lines, default=0),
    )


def _told(rows: pa.Table, reasons: pa.Array) -> list[Broken]:
    """Rows with a reason; no column of a request is personal, so their values are shown."""
    wrong = rows.filter(pa.array(_said(reasons)))
    told = zip(reasons.drop_null().to_pylist(), wrong.to_pylist(), strict=True)
    return [Broken(line=row.pop(LINE), reasons=reason, raw=_json(row)) for reason, row in told]


def _json(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False, default=str).encode()


def _made_null(one: Broken) -> Broken:
    return Broken(
        line=one.line,
        reasons=f"{one.reasons.replace('; ', ', made null; ')}, made null",
        raw=one.raw,
    )


def _said(reasons: pa.Array) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = pc.is_valid(reasons).to_numpy(zero_copy_only=False)
    return found
