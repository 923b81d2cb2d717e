"""The finished scores: one file, or a folder of parts; there whole or not at all."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from ...data.rows import REASONS, quarantine, tally
from ...errors import DataError
from ...storage import move
from .parts import COUNTS, Parts, repeating
from .scorer import Counts

JOB = "job"


class Output(Protocol):
    """Takes what was scored, part by part."""

    def add(self, answers: pa.Table) -> None:
        """Take the next part."""

    def finish(self, target: Path) -> None:
        """Put everything at ``target`` in one step."""


class OneFile:
    """Is written while the parts are made, beside them, and only moved at the end."""

    def __init__(self, parts: Parts) -> None:
        self.parts, self.path = parts, parts.folder / "whole"
        self.writer = pq.ParquetWriter(
            self.path, parts.schema, compression="zstd", use_dictionary=repeating(parts.schema)
        )
        for answers in parts.answers():
            self.add(answers)

    def add(self, answers: pa.Table) -> None:
        """Write a part as a group of rows."""
        self.writer.write_table(answers, max(len(answers), 1))

    def finish(self, target: Path) -> None:
        """Replace what is at ``target``."""
        counts = json.dumps(asdict(self.parts.counts))
        self.writer.add_key_value_metadata({**self.parts.stamp, COUNTS: counts})
        self.writer.close()
        move(self.path, target)


class Folder:
    """The parts are the output."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    def add(self, answers: pa.Table) -> None:
        """It is there already."""

    def finish(self, target: Path) -> None:
        """Move the folder of the parts."""
        move(self.parts.scored, target)


def is_one_file(target: Path) -> bool:
    """Whether a target is a file; else it is a folder."""
    return target.suffix == ".parquet"


def quarantine_of(target: Path) -> Path:
    """Where the rows go that were not scored."""
    return target.parent / "quarantine" / f"{target.name.removesuffix('.parquet')}.parquet"


def write_quarantine(parts: Parts, path: Path) -> dict[str, int]:
    """Put the rows that broke a rule at ``path``; return how many did so by which reason."""
    reasons: dict[str, int] = {}
    draft = parts.folder / "quarantine"
    schema = quarantine("", []).to_arrow().schema
    with pq.ParquetWriter(draft, schema, compression="zstd") as writer:
        for rows in parts.quarantine():
            writer.write_table(rows)
            tally(reasons, rows[REASONS].to_pylist())
        writer.add_key_value_metadata(dict(parts.stamp))
    if reasons:
        path.parent.mkdir(exist_ok=True)
        move(draft, path)
    else:
        path.unlink(missing_ok=True)  # of scores that are replaced now
    return reasons


def job_of(target: Path) -> str | None:
    """The job that made a file or folder; ``None`` where no such thing is there."""
    return next((stamp[JOB] for stamp in _stamps(target)), None)


def counts_of(target: Path) -> Counts:
    """Where the rows went that a file or folder of scores was made of."""
    return sum((Counts(**json.loads(stamp[COUNTS])) for stamp in _stamps(target)), Counts())


def _stamps(target: Path) -> Iterator[dict[str, str]]:
    """What the metadata of scores says; nothing of other files."""
    for path in sorted(target.glob("part-*.parquet")) if target.is_dir() else [target]:
        try:
            metadata = pq.read_metadata(path).metadata or {}
        except (pa.ArrowException, OSError):
            continue
        if JOB.encode() in metadata:
            yield {key.decode(): value.decode() for key, value in metadata.items()}


def refuse_others(target: Path) -> None:
    """What was not made by this command is never overwritten.

    Raises:
        DataError: it is there.
    """
    for path in (target, quarantine_of(target)):
        foreign = path.is_dir() if is_one_file(path) else path.is_file()
        if foreign or (path.is_file() and job_of(path) is None):
            raise DataError(
                f"'{path}' exists and holds no scores; name another --output, or move it away"
            )
    if target.is_dir() and job_of(target) is None and any(target.iterdir()):
        raise DataError(f"the folder '{target}' is not empty; name another --output, or empty it")
