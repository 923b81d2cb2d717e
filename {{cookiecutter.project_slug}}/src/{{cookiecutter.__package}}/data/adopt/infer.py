"""From the facts of a column to what the contract says about it, and what is doubtful."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ...contract import Column, ColumnType
from ...values import canonical_category
from ..formats import SANE
from .facts import Facts, Fit
from .formats import DAYS_OF_ANY_ORDER, other_order
from .words import CODES, PERSONAL, PERSONS, like_time, named_key, words_of

EXACT_IN_FLOAT32 = 2**24
MOST_BAD = 0.05
FEW, MANY = 50, 1000
SLACK = 0.25


@dataclass(frozen=True, kw_only=True)
class Guess:
    """A column as the contract may have it."""

    column: Column
    doubts: tuple[str, ...] = ()
    format: str | None = None
    """How its times are written, where that is not ISO 8601."""


def guess(facts: Facts, *, time: bool = False) -> Guess:
    """What a column is, by its values and its name; ``time`` says that it must be a timestamp."""
    if not facts.n_known:
        return Guess(column=excluded(facts, "empty: no row has a value"))
    if facts.distinct == 1 and facts.complete and not time:
        return Guess(column=excluded(facts, f"constant: always {facts.examples[0][:40]!r}"))
    if not time and (mask := _personal(facts)):
        return mask
    if stamp := _timestamp(facts, said=time):
        return stamp
    if boolean(facts):
        return Guess(column=_column(facts, "boolean"))
    if numeric(facts):
        return _number(facts)
    return _text(facts)


def excluded(facts: Facts, why: str, kind: ColumnType = "string", *, pii: bool = False) -> Column:
    """A column that is left out, which nothing in it can break."""
    return Column(type=kind, nullable=not facts.complete, role="excluded", why=why, pii=pii)


def boolean(facts: Facts) -> bool:
    """Whether all values say yes or no, other than by 1 and 0."""
    return facts.bad("boolean") == 0 and facts.bad("float") == 1


def numeric(facts: Facts) -> bool:
    """Whether nearly all values are numbers; of a few values, one that is none is a category."""
    bad = facts.bad("float")
    return bad == 0 or (bad <= MOST_BAD and (facts.distinct is None or facts.distinct > 20))


def _column(facts: Facts, kind: ColumnType, fit: Fit | None = None, **said: object) -> Column:
    """A feature; values that are not of its type become null."""
    mends: dict[str, object] = {"on_violation": {"type": "null"}} if fit and fit.n_bad else {}
    nullable = bool(mends) or not facts.complete
    return Column.model_validate({"type": kind, "nullable": nullable} | mends | said)


def _misfits(facts: Facts, fit: Fit, kind: str) -> list[str]:
    if not fit.n_bad:
        return []
    share = fit.n_bad / facts.n_known
    shown = ", ".join(repr(text[:30]) for text in fit.examples[:3])
    return [
        f"`{facts.name}` is a {kind}, but {fit.n_bad:,} values ({share:.2%}) are not, such as"
        f" {shown}: they become missing"
    ]


def _personal(facts: Facts) -> Guess | None:
    words = words_of(facts.name)
    by_name = (
        PERSONAL & {*words, "".join(words)}
        or words == ["name"]
        or (words[-1:] == ["name"] and PERSONS & set(words))
    )
    many = facts.distinct is None or facts.distinct > max(10, 0.2 * facts.n_known)
    if not (facts.mail > 0.5 or (by_name and many)) or facts.fits.get("timestamp"):
        return None
    return Guess(
        column=excluded(facts, "personal: it may name or reach a person", pii=True),
        doubts=(f"`{facts.name}` looks personal: it is masked and stays in the ETL",),
    )


def _timestamp(facts: Facts, *, said: bool) -> Guess | None:
    """A timestamp in one of the forms that fit; ``None`` where there is no such form."""
    iso = facts.bad("timestamp") <= MOST_BAD
    forms = [f for f in facts.fits if f.startswith("%") or f in SANE]
    forms = [f for f in forms if facts.bad(f) <= MOST_BAD and _told(facts, f, said=said)]
    if facts.bad("float") <= MOST_BAD and not forms:
        return None
    if not iso and not forms:
        return None
    form = None if iso else min(forms, key=lambda f: (facts.fits[f].n_bad, forms.index(f)))
    fit = facts.fits[form or "timestamp"]
    doubts = _misfits(facts, fit, "timestamp")
    if form is not None and form.startswith(DAYS_OF_ANY_ORDER):
        other = facts.fits.get(other_order(form))
        if other is not None and other.n_bad <= fit.n_bad:
            doubts.append(
                f"`{facts.name}` could have the day or the month first (no day is above 12): it is"
                f" read as {form}; else say {other_order(form)} under formats"
            )
    return Guess(column=_column(facts, "timestamp", fit), doubts=tuple(doubts), format=form)


def _told(facts: Facts, form: str, *, said: bool) -> bool:
    """Whether numbers are times: not without a name that says so."""
    return form not in SANE or said or like_time(facts.name)


def _number(facts: Facts) -> Guess:
    whole = facts.bad("integer") == 0
    fit = facts.fits["integer" if whole else "float"]
    words = set(words_of(facts.name))
    if whole and (facts.leading_zeros or words & CODES):
        return _code(facts)
    if whole and named_key(facts.name):
        return _key(facts)
    counts = whole and facts.unique and facts.complete and facts.ordered and "year" not in words
    if counts and fit.high - fit.low + 1 <= 1.05 * facts.n_rows:
        return Guess(column=excluded(facts, "it counts the rows", "integer"))
    doubts = _misfits(facts, fit, "number")
    if whole and max(abs(fit.low), abs(fit.high)) > EXACT_IN_FLOAT32:
        whole = False
        doubts.append(
            f"`{facts.name}` has integers beyond 2^24, which the model rounds: it is a float here;"
            " if they name things, exclude it"
        )
    low, high = ends(facts, fit)
    column = _column(facts, "integer" if whole else "float", fit, minimum=low, maximum=high)
    return Guess(column=column, doubts=tuple(doubts))


def _code(facts: Facts) -> Guess:
    why = "leading zeros" if facts.leading_zeros else "by its name"
    doubt = f"`{facts.name}` looks like a number but acts like a category ({why})"
    if repeats(facts):
        return Guess(column=_column(facts, "category"), doubts=(doubt,))
    return Guess(column=excluded(facts, f"a code that hardly repeats ({why})"), doubts=(doubt,))


def _key(facts: Facts) -> Guess:
    """An integer whose name says id: of the row, or of something that repeats."""
    if repeats(facts):
        doubt = f"`{facts.name}` looks like a number but acts like a category (by its name)"
        return Guess(column=_column(facts, "category"), doubts=(doubt,))
    column = Column(type="integer", nullable=not facts.complete, role="metadata", why="names rows")
    return Guess(column=column)


def ends(facts: Facts, fit: Fit) -> tuple[float | None, float | None]:
    """A range that is a quarter wider than the values on both sides, in round numbers."""
    span = fit.high - fit.low
    few = facts.counts is not None and len(facts.counts) <= 10
    if few or not 0 < span < 1e300:
        return None, None
    step = 10.0 ** math.floor(math.log10(span) - 1)
    low = math.floor((fit.low - SLACK * span) / step) * step
    high = math.ceil((fit.high + SLACK * span) / step) * step
    if not (low <= fit.low and high >= fit.high and math.isfinite(low) and math.isfinite(high)):
        return None, None
    digits = max(0, 1 - math.floor(math.log10(step)))
    low, high = round(low, digits), round(high, digits)
    return 0.0 if fit.low >= 0 else low, 0.0 if fit.high <= 0 else high


def _text(facts: Facts) -> Guess:
    numbers = facts.spelled >= 0.95
    doubts = []
    if numbers:
        doubts.append(
            f"`{facts.name}` holds numbers written as {facts.examples[0][:30]!r}, which no type"
            " reads: write them with a decimal point and no signs, or convert them in"
            " data/transform.py"
        )
    if repeats(facts) and not (numbers and len(facts.counts or ()) > FEW):
        distinct = len({canonical_category(text) for text in facts.counts or ()})
        if distinct > MANY:
            doubts.append(
                f"`{facts.name}` has {distinct:,} values: the model sees the frequent ones"
            )
        return Guess(column=_column(facts, "category"), doubts=tuple(doubts))
    if named_key(facts.name):
        return Guess(column=Column(type="string", nullable=not facts.complete, why="names rows"))
    return Guess(column=excluded(facts, _why_left_out(facts, numbers)), doubts=tuple(doubts))


def _why_left_out(facts: Facts, numbers: bool) -> str:
    count = "10,000 or more" if facts.distinct is None else f"{facts.distinct:,}"
    if numbers:
        return f"numbers written as {facts.examples[0][:30]!r}"
    if facts.words >= 4 or facts.length > 50:
        return f"free text: {facts.words:.0f} words on average"
    if facts.spread >= 0.95:
        return "names rows: nearly every value is another one"
    return f"{count} values, most of which hardly repeat"


def repeats(facts: Facts) -> bool:
    """Whether values come back often enough to learn something about each of them."""
    counts = facts.counts
    if counts is None or (facts.words >= 5 and len(counts) > FEW):
        return False
    if len(counts) <= FEW:
        return len(counts) <= 0.5 * facts.n_known
    return often(counts.values()) >= 0.5 * facts.n_known


def often(counts: Iterable[int]) -> int:
    """Rows whose value at least four others have."""
    return sum(count for count in counts if count >= 5)
