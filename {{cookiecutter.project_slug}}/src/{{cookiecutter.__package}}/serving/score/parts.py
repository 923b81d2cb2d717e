"""What is done of a job, on disk: parts that are there whole or not at all.

A part holds the answers to a run of rows, and its metadata how many rows came in, how many of them
were rejected and up to which place the source was read. It appears under its name in one step, and
its quarantine before it. So whatever is killed, the parts that are there say exactly which rows are
done, and the next process goes on behind the last of them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ...data.rows import FILE
from ...errors import DataError
from ...storage import move
from .scorer import DECISION, Counts, Scored
from .source import Place

NAME = "part-{:06}.parquet"
COUNTS, UNTIL = "rows", "until"
Stamp = Mapping[str, str]


class Parts:
    """The parts in a folder; one process at a time works on them."""

    def __init__(self, folder: Path, schema: pa.Schema, stamp: Stamp, *, packed: bool) -> None:
        self.folder, self.scored, self.rejected = (folder, folder / "scored", folder / "rejected")
        self.schema, self.stamp = schema, stamp
        self.options: dict[str, Any] = {
            "compression": "zstd" if packed else "none",
            "write_statistics": packed,  # nobody looks into what is read once and then deleted
            "use_dictionary": repeating(schema),
        }
        self.number, self.counts, self.until = 0, Counts(), Place()
        self.scored.mkdir(parents=True, exist_ok=True)
        self.rejected.mkdir(exist_ok=True)
        while (path := self.scored / NAME.format(self.number + 1)).exists():
            counts, until = _remembered(path)
            self.number, self.counts, self.until = (self.number + 1, self.counts + counts, until)

    def add(self, runs: Sequence[Scored]) -> pa.Table:
        """Keep some that was scored as the next part; return its answers."""
        answers = pa.concat_tables([run.answers for run in runs]).unify_dictionaries()
        quarantine = pa.concat_tables([run.quarantine for run in runs])
        counts = sum((run.counts for run in runs), Counts())
        until = runs[-1].until
        name = NAME.format(self.number + 1)
        (self.rejected / name).unlink(missing_ok=True)  # of a process that was killed just here
        if len(quarantine):
            self._keep(quarantine, self.rejected / name, {})
        memory = {COUNTS: json.dumps(asdict(counts)), UNTIL: json.dumps(asdict(until))}
        self._keep(answers, self.scored / name, memory)
        self.number, self.counts, self.until = (self.number + 1, self.counts + counts, until)
        return answers

    def answers(self) -> Iterator[pa.Table]:
        """Those of each part, in order."""
        for number in range(1, self.number + 1):
            yield pq.ParquetFile(self.scored / NAME.format(number)).read()

    def quarantine(self) -> Iterator[pa.Table]:
        """That of each part which has some, in order."""
        for number in range(1, self.number + 1):
            path = self.rejected / NAME.format(number)
            if path.exists():
                yield pq.ParquetFile(path).read()

    def _keep(self, rows: pa.Table, path: Path, memory: Mapping[str, str]) -> None:
        draft = self.folder / "draft"
        with pq.ParquetWriter(draft, rows.schema, **self.options) as writer:
            writer.write_table(rows, max(len(rows), 1))
            writer.add_key_value_metadata({**self.stamp, **memory})
        move(draft, path)


def repeating(schema: pa.Schema) -> list[str]:
    """The columns of few values, for which a dictionary pays."""
    return [name for name in schema.names if name in {FILE, DECISION}]


def _remembered(path: Path) -> tuple[Counts, Place]:
    try:
        metadata = pq.read_metadata(path).metadata
        counts = Counts(**json.loads(metadata[COUNTS.encode()]))
        return counts, Place(**json.loads(metadata[UNTIL.encode()]))
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError):
        raise DataError(
            f"'{path}' of a run that did not end is damaged; delete its folder and run again"
        ) from None
