"""What a column holds, gathered chunk by chunk from its texts."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ...contract import ColumnType
from ...values import SPACES
from ..convert import from_text
from ..formats import read
from ..hashes import row_hashes
from .formats import candidates
from .words import ELSEWHERE, LIKELY, NULLS

MARKS = pa.array(sorted(NULLS | LIKELY | ELSEWHERE))
TYPES: tuple[ColumnType, ...] = ("integer", "float", "boolean", "timestamp")
MOST_DISTINCT, MANY_ROWS, FIRST = 10_000, 20_000, 300
MOST_BAD = 0.3
EXAMPLES = 5
MAIL = r"^\s*[^@\s]+@[^@\s]+\.[A-Za-z]{2,}\s*$"
SPELLED = r"^\s*[-+(]?\s*[$€£¥]?\s*[-+]?[0-9][0-9.,' ]*\s*([%$€£¥]|[kKmM])?\)?\s*$"
"""Numbers with decimal commas, thousands' signs, currencies or percent signs."""


@dataclass(kw_only=True)
class Fit:
    """How far a column's texts are of a type."""

    n_bad: int = 0
    examples: tuple[str, ...] = ()
    """Of texts that are not."""
    low: float = float("inf")
    high: float = float("-inf")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A column, once it is decided which texts mean that a value is missing."""

    name: str
    n_rows: int
    n_known: int
    counts: Mapping[str, int] | None
    """How often each text stands there; ``None`` where there are more than 10,000."""
    distinct: int | None
    """How many texts there are; ``None`` where values repeat too often to have been counted."""
    examples: tuple[str, ...]
    fits: Mapping[str, Fit]
    """By type, and for times in another form than ISO 8601 by format; those that most texts fit."""
    leading_zeros: bool
    ordered: bool
    """Whether integers grow from row to row."""
    length: float
    """Mean length of a text."""
    words: float
    mail: float
    """Share of texts that are e-mail addresses."""
    spelled: float
    """Share of texts that are numbers as people write them."""

    @property
    def complete(self) -> bool:
        """Whether no value is missing."""
        return self.n_known == self.n_rows

    @property
    def unique(self) -> bool:
        """Whether no value stands there twice."""
        return self.distinct == self.n_known > 0

    @property
    def spread(self) -> float:
        """Distinct values per known value."""
        return 0.0 if self.distinct is None else self.distinct / max(self.n_known, 1)

    def bad(self, kind: str) -> float:
        """Share of the known texts that are not of a type."""
        return self.fits[kind].n_bad / max(self.n_known, 1) if kind in self.fits else 1.0


class Watch:
    """Gathers one column's facts."""

    def __init__(self, name: str, zone: ZoneInfo) -> None:
        self.name, self.zone = name, zone
        self.n_rows = self.n_null = self.n_known = 0
        self.marks: Counter[str] = Counter()
        """Texts that may mean that a value is missing."""
        self.counts: Counter[str] | None = Counter()
        self.hashes: list[npt.NDArray[np.uint64]] | None = []
        self.fits: dict[str, Fit] | None = None
        self.examples: tuple[str, ...] = ()
        self.leading_zeros = False
        self.sums = dict.fromkeys(("length", "words", "mail", "spelled"), 0.0)

    def update(self, texts: pa.Array) -> None:
        """Go on with more rows; null is missing."""
        self.n_rows += len(texts)
        self.n_null += texts.null_count
        found = pc.value_counts(texts.drop_null())
        values, counts = found.field(0), found.field(1)
        marked = pc.is_in(pc.utf8_trim(values, SPACES), MARKS)
        if pc.any(marked).as_py():
            pairs = zip(values.filter(marked).to_pylist(), counts.filter(marked), strict=True)
            self.marks.update({text: count.as_py() for text, count in pairs})
            plain = pc.invert(marked)
            values, counts = values.filter(plain), counts.filter(plain)
        if len(values):
            self.n_known += pc.sum(counts).as_py()
            self.examples = self.examples or tuple(values[:EXAMPLES].to_pylist())
            self._fit(values, counts)
            self._count(values, counts)
            self._describe(values, counts)

    def _count(self, values: pa.Array, counts: pa.Array) -> None:
        if self.counts is not None:
            if len(values) > MOST_DISTINCT:
                self.counts = None
            else:
                self.counts.update(dict(zip(values.to_pylist(), counts.to_pylist(), strict=True)))
                self.counts = self.counts if len(self.counts) <= MOST_DISTINCT else None
        fractions = "float" in (self.fits or {}) and "integer" not in (self.fits or {})
        if self.hashes is None or fractions:
            self.hashes = None
            return
        self.hashes.append(row_hashes(pa.table({"": values})))
        if self.n_known > MANY_ROWS and sum(map(len, self.hashes)) > 2 * len(self.hashes[0]):
            self.hashes = [np.unique(np.concatenate(self.hashes))]
            if len(self.hashes[0]) < 0.5 * self.n_known:
                self.hashes = None

    def _fit(self, values: pa.Array, counts: pa.Array) -> None:
        """Hold the texts to the types that fit so far; one that hardly does is given up."""
        if self.fits is None:
            some = values[:FIRST]
            kinds: list[str] = list(TYPES)
            kinds = [k for k in kinds if 2 * typed_as(some, k, self.zone).null_count <= len(some)]
            if "timestamp" not in kinds and ("integer" in kinds or "float" not in kinds):
                kinds += candidates(some, self.zone)
            self.fits = {kind: Fit() for kind in kinds}
        for kind, fit in list(self.fits.items()):
            typed = typed_as(values, kind, self.zone)
            wrong = pc.is_null(typed)
            if typed.null_count:
                fit.n_bad += pc.sum(counts.filter(wrong)).as_py()
                fit.examples = (*fit.examples, *values.filter(wrong)[:EXAMPLES].to_pylist())
                fit.examples = fit.examples[:EXAMPLES]
            if fit.n_bad > MOST_BAD * self.n_known:
                del self.fits[kind]
            elif kind in {"integer", "float"} and typed.null_count < len(typed):
                ends = pc.min_max(typed)
                fit.low = min(fit.low, float(ends["min"].as_py()))
                fit.high = max(fit.high, float(ends["max"].as_py()))

    def _describe(self, values: pa.Array, counts: pa.Array) -> None:
        if self.fits and "float" in self.fits:
            if "integer" in self.fits and not self.leading_zeros:
                self.leading_zeros = pc.any(pc.match_substring_regex(values, "^0[0-9]+$")).as_py()
            return
        parts = {
            "length": pc.utf8_length(values),
            "words": pc.add(pc.count_substring_regex(values, r"\s\S"), 1),
            "mail": pc.match_substring_regex(values, MAIL).cast(pa.int64()),
            "spelled": pc.match_substring_regex(values, SPELLED).cast(pa.int64()),
        }
        for key, part in parts.items():
            self.sums[key] += float(pc.sum(pc.multiply(part.cast(pa.int64()), counts)).as_py())

    def otherwise_numeric(self) -> bool:
        """Whether what is known are nearly all numbers or times."""
        fits = {k: fit for k, fit in (self.fits or {}).items() if k != "boolean"}
        return any(fit.n_bad <= 0.05 * self.n_known for fit in fits.values())

    def facts(self, markers: frozenset[str], sample: pa.ChunkedArray) -> Facts:
        """What is known when these texts mean that a value is missing; of some rows in order."""
        values = Counter({text: n for text, n in self.marks.items() if text not in markers})
        more = values.total()
        counts = None if self.counts is None else self.counts + values
        distinct = None if counts is None else len(counts)
        if distinct is None and self.hashes is not None:
            distinct = len(np.unique(np.concatenate(self.hashes))) + len(values)
        known = max(self.n_known, 1)
        fits = {
            kind: Fit(
                n_bad=fit.n_bad + more,
                examples=(*fit.examples, *values)[:EXAMPLES],
                low=fit.low,
                high=fit.high,
            )
            for kind, fit in (self.fits or {}).items()
        }
        return Facts(
            name=self.name,
            n_rows=self.n_rows,
            n_known=self.n_known + more,
            counts=counts,
            distinct=distinct,
            examples=self.examples or tuple(values)[:EXAMPLES],
            fits=fits,
            leading_zeros=self.leading_zeros,
            ordered="integer" in fits and _grows(sample.combine_chunks(), self.zone),
            **{key: value / known for key, value in self.sums.items()},
        )


def _grows(texts: pa.Array, zone: ZoneInfo) -> bool:
    numbers = from_text(texts, "integer", zone).drop_null().to_numpy()
    return bool((numbers[1:] > numbers[:-1]).all())


def typed_as(texts: pa.Array, kind: str, zone: ZoneInfo) -> pa.Array:
    """Texts as a type, or as times in a format; null for one that is none."""
    if kind in TYPES or kind in {"category", "string"}:
        return from_text(texts, kind, zone)  # type: ignore[arg-type]
    return read(texts, kind, zone)


def markers_of(watches: Mapping[str, Watch], target: str) -> frozenset[str]:
    """The texts that mean in any column that a value is missing, as they stand in the file.

    They are one list for a source, so none of them may be a value of a target that is a text.
    """
    found = {""}
    for watch in watches.values():
        numeric = watch.otherwise_numeric()
        for text in watch.marks:
            plain = text.strip(SPACES)
            if plain in NULLS or plain in LIKELY or numeric:
                found.add(text)
    if not watches[target].otherwise_numeric():
        found -= {text for text in watches[target].marks if text.strip(SPACES) not in NULLS}
    return frozenset(found)
