"""The log cut into windows, reading the days that changed and those whose windows are asked for."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from ..contract import Contract
from ..log.segments import LABELS, PREDICTIONS
from ..models.days import local_days
from ..models.profile import NO_WINDOW
from .index import Index, LogDay, marks, overlap
from .served import (
    Answers,
    Hashes,
    Outcomes,
    Served,
    fingerprint,
    joined,
    latest,
    nothing,
    read_answers,
    read_outcomes,
    with_outcomes,
)
from .windows import Length, Span, Window, is_complete, number_of, span_of, window_of

KEEP_BYTES = 600 << 20
"""Rows that are kept from reading a day to judging its windows; beyond it days are read again."""
Pieces = dict[int, Answers]
"""By number of window."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """A window as the log holds it."""

    window: Window
    others: Mapping[int, Served]
    """What other versions answered in it, to callers or not, by version."""
    fingerprint: str
    """Equal for equal rows and outcomes."""


class Log:
    """What a version answered, by number of window."""

    def __init__(
        self,
        folder: Path,
        contract: Contract,
        version: int,
        length: Length,
        history: Path,
        others: Collection[int] = (),
    ) -> None:
        """Read the days that changed since ``done`` was last called.

        ``others`` are versions whose rows are read as well.

        Raises:
            DataError: nothing was answered.
        """
        self._folder, self._contract, self._version = folder, contract, version
        self._length, self._versions = length, sorted(others)
        self._index = Index(history, contract.name, version, str(length))
        self._answered = self._index.days(PREDICTIONS)
        self._told = self._index.days(LABELS)
        self._files, self._label_files = marks(folder, PREDICTIONS), marks(folder, LABELS)
        self._fresh: dict[tuple[str, date], Hashes] = {}
        self._kept: dict[date, Pieces] = {}
        self._outcomes: dict[date, Outcomes] = {}
        self._bytes = 0
        self.changed = self._read_answers() | self._read_outcomes()
        """Windows of which something may be new."""
        self.wanted = set(self.changed)
        """Windows that will be asked for: their rows are kept while there is room."""
        self.spans = self._all_spans()
        """Every window that there were ever rows for, in the order of time."""
        if not sum(day.rows for day in self._answered.values()):
            raise nothing(folder, contract, version)

    def newest_s(self, min_rows: int) -> int | None:
        """The time of the newest row, UTC seconds, of a window that is more than a stray row."""
        ends = [s.newest_s for s in self.spans.values() if s.rows >= min_rows]
        ends = ends or [span.newest_s for span in self.spans.values()]
        return max(ends, default=None)

    def complete(self, number: int) -> bool:
        """Whether what was answered reaches from a window's first day to its last."""
        return is_complete(number, self.spans, self._length)

    def window(self, number: int) -> Held | None:
        """A window; none if a part was deleted."""
        days = self._days_of(number)
        if any(day not in self._files for day in days):
            return None
        answers = joined([self._piece(day, number) for day in days])
        others = {n: self._other(n, days, number, answers) for n in self._versions}
        every = {0: answers} | {n: found for n, found in others.items() if found is not None}
        asked = np.concatenate([found.hashes for found in every.values()])
        telling = [day for day, hashes in self._hashes(LABELS) if overlap(asked, hashes)]
        if any(day not in self._label_files for day in telling):
            return None
        outcomes = latest([self._outcomes_of(day) for day in telling])
        served = {n: with_outcomes(found, outcomes) for n, found in every.items()}
        prints = [fingerprint(found, served[n].labels) for n, found in every.items()]
        complete = self.complete(number)
        return Held(
            window=window_of(number, served.pop(0), self._length, complete=complete),
            others=served,
            fingerprint=" ".join(prints),
        )

    def done(self) -> None:
        """Remember the days as they were read: whatever changed in them was judged."""
        days = {PREDICTIONS: self._answered, LABELS: self._told}
        self._index.keep((days[stem][day], hashes) for (stem, day), hashes in self._fresh.items())

    def _read_answers(self) -> set[int]:
        touched: set[int] = set()
        for day, mark in self._files.items():
            before = self._answered.get(day)
            if before is not None and before.fingerprint == mark:
                continue
            touched |= set(self._spans(day)) if before else set()
            pieces = self._cut(day)
            self._fresh[PREDICTIONS, day] = np.concatenate(
                [np.zeros(0, np.uint64), *(piece.hashes for piece in pieces.values())]
            )
            known = {number: piece for number, piece in pieces.items() if number != NO_WINDOW}
            self._answered[day] = LogDay(
                stem=PREDICTIONS,
                day=day,
                fingerprint=mark,
                rows=sum(map(len, pieces.values())),
                spans=self._measured(known),
            )
            self._answered = dict(sorted(self._answered.items()))
            touched |= set(self._spans(day))
            self._keep(day, known)
        if self._length.by_rows and touched:  # what comes after has moved on
            touched |= set(range(min(touched), 1 + max(self._all_spans())))
        return touched

    def _read_outcomes(self) -> set[int]:
        told: list[Hashes] = []
        for day, mark in self._label_files.items():
            before = self._told.get(day)
            if before is not None and before.fingerprint == mark:
                continue
            told += [hashes for _, hashes in self._index.hashes(LABELS, [day])]
            self._outcomes[day] = found = read_outcomes(self._folder, self._contract, day)
            told.append(found.hashes)
            self._fresh[LABELS, day] = found.hashes
            self._told[day] = LogDay(
                stem=LABELS, day=day, fingerprint=mark, rows=len(found.hashes), spans={}
            )
        hashes = np.unique(np.concatenate([np.zeros(0, np.uint64), *told]))
        if not len(hashes):
            return set()
        days = [day for day, known in self._hashes(PREDICTIONS) if overlap(known, hashes)]
        return {number for day in days for number in self._spans(day)}

    def _hashes(self, stem: str) -> Iterator[tuple[date, Hashes]]:
        """Of every day, sorted."""
        for day in self._answered if stem == PREDICTIONS else self._told:
            if (stem, day) in self._fresh:
                yield day, np.sort(self._fresh[stem, day])
            else:
                yield from self._index.hashes(stem, [day])

    def _outcomes_of(self, day: date) -> Outcomes:
        if day not in self._outcomes:
            self._outcomes[day] = read_outcomes(self._folder, self._contract, day)
        return self._outcomes[day]

    def _piece(self, day: date, number: int) -> Answers:
        """What a day has of a window; it is not kept any longer."""
        if number not in self._kept.get(day, {}):
            pieces = self._cut(day)
            found = pieces.pop(number)
            self._keep(day, {n: pieces[n] for n in pieces if n in self.wanted})
            return found
        found = self._kept[day].pop(number)
        self._bytes -= _bytes(found)
        return found

    def _other(
        self, version: int, days: list[date], number: int, answers: Answers
    ) -> Answers | None:
        """What another version answered on the days, and in the time, of a window."""
        found = []
        for day in days:
            for part in read_answers(self._folder, self._contract, version, day, shadow=True):
                if self._length.by_rows:
                    first, last = answers.seconds[0], answers.seconds[-1]
                    inside = (part.seconds >= first) & (part.seconds <= last)
                else:
                    inside = number_of(part.seconds, self._contract, self._length)[0] == number
                if inside.any():
                    found.append(part[np.flatnonzero(inside)])
        return joined(found) if found else None

    def _keep(self, day: date, pieces: Pieces) -> None:
        size = sum(map(_bytes, pieces.values()))
        if self._bytes + size <= KEEP_BYTES:
            self._kept[day] = pieces
            self._bytes += size

    def _cut(self, day: date) -> Pieces:
        """What was answered on a day, by window; a time centuries away is in none."""
        parts = read_answers(self._folder, self._contract, self._version, day)
        pieces: dict[int, list[Answers]] = {}
        start = 0
        if self._length.by_rows:
            found, start = list(parts), self._rows_before(day)
            parts = iter([joined(found)] if found else [])
        for part in parts:
            numbers, _ = number_of(part.seconds, self._contract, self._length, start)
            for number in np.unique(numbers).tolist():
                rows = np.flatnonzero(numbers == number)
                pieces.setdefault(number, []).append(part if len(rows) == len(part) else part[rows])
        # In one array each, which is given back to the system when it is dropped.
        joint = {number: joined(found) for number, found in pieces.items()}
        pa.default_memory_pool().release_unused()
        return joint

    def _measured(self, pieces: Pieces) -> dict[int, Span]:
        seconds = {number: piece.seconds for number, piece in pieces.items()}
        if self._length.by_rows and pieces:
            seconds = {0: np.concatenate(list(seconds.values()))}
        return {n: span_of(at, local_days(at, self._contract.zone)) for n, at in seconds.items()}

    def _rows_before(self, day: date) -> int:
        return sum(known.rows for known in self._answered.values() if known.day < day)

    def _spans(self, day: date) -> Mapping[int, Span]:
        """What a day holds of each window; by rows that hangs on the days before."""
        known = self._answered[day]
        if not self._length.by_rows or not known.rows:
            return known.spans
        spans, start, length = {}, self._rows_before(day), self._length.rows
        end = start + known.rows
        for number in range(start // length, (end - 1) // length + 1):
            rows = min(end, (number + 1) * length) - max(start, number * length)
            spans[number] = replace(known.spans[0], rows=rows)
        return spans

    def _days_of(self, number: int) -> list[date]:
        return [day for day in self._answered if number in self._spans(day)]

    def _all_spans(self) -> dict[int, Span]:
        found: dict[int, Span] = {}
        for day in self._answered:
            for number, span in self._spans(day).items():
                other = found.get(number, replace(span, rows=0))
                found[number] = Span(
                    first=min(span.first, other.first),
                    last=max(span.last, other.last),
                    rows=span.rows + other.rows,
                    newest_s=max(span.newest_s, other.newest_s),
                )
        return dict(sorted(found.items()))


def _bytes(piece: Answers) -> int:
    groups = (piece.inputs.numeric, piece.inputs.category, piece.inputs.time)
    arrays = (*groups, piece.outputs, piece.keys, piece.hashes)
    return sum(array.nbytes for array in arrays)
