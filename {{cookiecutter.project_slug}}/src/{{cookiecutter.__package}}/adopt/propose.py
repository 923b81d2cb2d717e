"""The contract and the settings of the data job that a table asks for."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from pydantic import ValidationError

from ..config import explain
from ..contract import Column, Contract, CsvSource
from ..data.rows import layout, read_rows
from ..errors import ConfigError, DataError
from .infer import Guess, guess
from .leaks import leaks
from .look import ColumnStats, Look
from .target import Target, Task, target_of

ROWS, MOST_TYPED, SHOWN, MOST_COMPARED = "rows", 50_000, 20, 100
KEY, GROUP = "names each row", "names what several rows are about"
PARTS = {"year": (1900, 2100), "month": (1, 12), "day": (1, 31), "hour": (0, 23)}
"""Parts of a time, and between which ends each lies."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the person said."""

    path: str
    """A file, or a database's URL or the environment variable that holds it."""
    target: str
    time: str | None = None
    id: str | None = None
    timezone: str = "UTC"
    table: str | None = None
    query: str | None = None
    positive: str | None = None
    task: Task | None = None
    name: str | None = None


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What is shown and written."""

    contract: Contract
    data: dict[str, Any]
    """The settings of ``data.yaml``."""
    doubts: tuple[str, ...]
    examples: Mapping[str, tuple[str, ...]]
    """Some texts of each column."""


def source_name(request: Request) -> str:
    """What the contract calls the source: its file's or table's name."""
    stem = request.table or (ROWS if request.query else Path(request.path).name.partition(".")[0])
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_-")
    return name if name and name != "contract" else ROWS


def proposed(request: Request, found: Look) -> Proposal:
    """Put together what all columns say.

    Raises:
        DataError: the target, the time or the id cannot be what it is said to be.
        ConfigError: the contract would not be valid, as with a time zone that there is not.
    """
    request = replace(
        request,
        target=_meant(request.target, found, "--target"),
        time=request.time and _meant(request.time, found, "--time"),
        id=request.id and _meant(request.id, found, "--id"),
    )
    guesses = _guesses(request, found)
    stats = found.columns[request.target]
    target = target_of(stats, guesses[request.target], request.task, request.positive)
    guesses[request.target] = target.guess
    time = _time(request, found.columns, guesses)
    guesses |= _keys(request, found.columns, guesses, {request.target, time})
    id_ = next((n for n, one in guesses.items() if one.column.why == KEY), None)
    order = dict.fromkeys(n for n in (request.target, id_, time, *guesses) if n)
    guesses = {name: guesses[name] for name in order}
    groups = [n for n, one in guesses.items() if one.column.why == GROUP]
    contract = _valid(_contract(request, found, target, guesses, time, id_))
    rows, rejected = _typed(contract, found)
    contract, leaking = _without_leaks(contract, rows)
    doubts = [
        *_of_rows(found, request, guesses, time),
        *(f"`{name}` {doubt}" for name, one in guesses.items() for doubt in one.doubts),
        *rejected,
        *leaking,
        *(_spread(contract, rows) if time is None else ()),
    ]
    return Proposal(
        contract=contract,
        data=_data(contract, rows, groups),
        doubts=tuple(doubts),
        examples={name: one.examples for name, one in found.columns.items()},
    )


def _guesses(request: Request, found: Look) -> dict[str, Guess]:
    """Each column's guess, once more for doubtful ones where others have a decimal comma."""
    try:
        ZoneInfo(request.timezone)
    except (OSError, ValueError):
        raise ConfigError(
            f"--timezone: '{request.timezone}' is not an IANA time zone such as Europe/Paris"
        ) from None

    def one(name: str, *, comma: bool = False) -> Guess:
        said = {"time": name == request.time, "target": name == request.target}
        return guess(found.columns[name], request.timezone, comma=comma, **said)

    guesses = {name: one(name) for name in found.columns}
    if any(each.numbers and each.numbers.decimal == "," for each in guesses.values()):
        doubtful = [n for n, each in guesses.items() if any("decimal" in d for d in each.doubts)]
        guesses |= {name: one(name, comma=True) for name in doubtful}
    return guesses


def _meant(name: str, found: Look, option: str) -> str:
    """The column that is meant: by its name, or but for spaces around it and case."""
    names = list(found.columns)
    alike = [one for one in names if one.strip().casefold() == name.strip().casefold()]
    if name in names or len(alike) == 1:
        return name if name in names else alike[0]
    if name in found.unusable:
        raise DataError(f"{option}: {name!r}: {found.unusable[name]}")
    near = difflib.get_close_matches(name, names, 1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    shown = ", ".join(map(repr, names[:SHOWN])) + (" and more" if len(names) > SHOWN else "")
    hint = "if these are no names, the file lacks a first line that names its columns: add one"
    raise DataError(f"{option}: there is no column {name!r}; {meant}there are {shown}; {hint}")


def _time(
    request: Request, columns: Mapping[str, ColumnStats], guesses: Mapping[str, Guess]
) -> str | None:
    """The time: what is said, or the only complete timestamp.

    Raises:
        DataError: what is said holds gaps, or no times.
    """
    stamps = [n for n, one in guesses.items() if one.column.type == "timestamp"]
    name = request.time
    if name is None:
        sound = [name for name in stamps if not guesses[name].column.nullable]
        return sound[0] if len(sound) == 1 else None
    if name not in stamps:
        raise DataError(
            f"--time: {name!r} holds no times that can be read, such as"
            f" {', '.join(map(repr, columns[name].examples[:3]))}; write them as 2024-01-31 23:59:00"
            " in a copy of the file, or leave --time out"
        )
    if guesses[name].column.nullable:
        gaps = columns[name].n_rows - columns[name].n_known
        others = ", ".join(map(repr, guesses[name].missing[:3])) or "others"
        raise DataError(
            f"--time: {name!r} has {gaps:,} gaps, and {others} are no times; a row without its time can"
            " be in no split: name another column, or leave --time out"
        )
    return name


def _keys(
    request: Request,
    columns: Mapping[str, ColumnStats],
    guesses: Mapping[str, Guess],
    taken: set[str | None],
) -> dict[str, Guess]:
    """The id, and columns that name what several rows are about, by what their values do.

    Raises:
        DataError: the id that is said has gaps or repeats.
    """
    free = [name for name in columns if name not in taken and not guesses[name].column.pii]
    keys = [n for n in free if _names_rows(columns[n], guesses[n], first=n == next(iter(columns)))]
    name = request.id or next(iter(keys), None)
    found = {}
    if name:
        one = columns[name]
        if not (one.unique and one.complete):
            raise DataError(
                f"--id: {name!r} does not name each row once: {one.n_known - len(one.known):,} rows"
                f" repeat a value of another and {one.n_rows - one.n_known:,} have none; name another"
                " column, or leave --id out (the rows are then told apart by all their values)"
            )
        whole = guesses[name].column.type == "integer"
        doubts = () if request.id else ("is taken as the id, since it names each row; say --id for another",)
        found[name] = Guess(column=Column(type="integer" if whole else "string", why=KEY), doubts=doubts)
    for name in free:
        if name not in found and _is_group(columns[name], guesses[name], columns):
            column = Column(
                type="category", nullable=not columns[name].complete, role="metadata", why=GROUP
            )
            doubt = (
                f"{GROUP}: no feature, and rows of one value should not lie in training and test, as"
                f" split: {{by: group, group: {name}}} in data.yaml has it"
            )
            found[name] = Guess(column=column, doubts=(doubt,))
    return found


def _names_rows(one: ColumnStats, found: Guess, *, first: bool) -> bool:
    """Whether values are all there, all others, and no measurements."""
    if not (one.unique and one.complete and one.n_rows > SHOWN):
        return False
    if found.values is not None:
        whole = found.column.type == "integer" or found.column.role == "excluded"
        return first and whole and not found.missing and found.values.min() >= 0  # type: ignore[operator]
    digits = one.is_text and one.known.head(SHOWN).str.contains(r"^\S*[0-9]\S*$").sum() > 0.9 * SHOWN
    return bool(digits) and found.column.type == "string"


def _is_group(one: ColumnStats, found: Guess, columns: Mapping[str, ColumnStats]) -> bool:
    """Whether many values stand in several rows each, which agree in others more than by chance."""
    n = len(one.known)
    whole = found.column.type == "integer"
    if not (whole or (found.values is None and one.is_text)) or found.numbers:
        return False
    if not (SHOWN <= n and 1.5 * n <= one.n_known <= 50 * n) or one.n_rows < MOST_COMPARED:
        return False
    others = [other for other in list(columns)[:MOST_COMPARED] if other != one.name]
    rows = pl.DataFrame([columns[name].values for name in (one.name, *others)]).head(SHOWN * 1000)
    groups = rows.drop_nulls(one.name).group_by(one.name)
    same = groups.agg(pl.len().alias(" n"), (pl.col(others).n_unique() == 1)).filter(pl.col(" n") > 1)
    shared = 0
    for name in others:
        values = rows[name]
        shares = values.value_counts()["count"] / len(rows)
        shared += (
            same[name].sum() > 0.95 * len(same) > 0
            and (shares**2).sum() < 0.6
            and values.n_unique() < 0.8 * n
        )
    return shared > (1 if whole else 0)


def _contract(
    request: Request,
    found: Look,
    target: Target,
    guesses: Mapping[str, Guess],
    time: str | None,
    id_: str | None,
) -> dict[str, Any]:
    """The contract's values, the named columns first."""
    source = found.source.model_dump(exclude_defaults=True)
    blanks = sorted({blank for name in guesses for blank in found.columns[name].blanks})
    blanks = list(dict.fromkeys([""] * isinstance(found.source, CsvSource) + blanks))
    others = {name: one for name, one in guesses.items() if name != id_}
    source |= {
        "missing": blanks,
        "missing_by_column": {
            n: list(dict.fromkeys([*blanks, *one.missing])) for n, one in others.items() if one.missing
        },
        "formats": {name: one.format for name, one in others.items() if one.format},
        "numbers": {
            name: one.numbers.model_dump(exclude_defaults=True)
            for name, one in others.items()
            if one.numbers
        },
    }
    if id_ is None and isinstance(found.source, CsvSource):
        source["repeats"] = "keep"
    left = {name: one.column for name, one in others.items() if name != request.target}
    gone = [f"{n!r} ({one.why})" for n, one in left.items() if one.role or one.type == "string"]
    if len(gone) == len(left):
        raise DataError(
            f"no column is left from which {request.target!r} could be learnt:"
            f" {', '.join(gone[:10]) or 'there is no other'}"
        )
    slug = re.sub(r"[^a-z0-9]+", "-", f"{source_name(request)}-{request.target}".lower())
    return {
        "name": request.name or slug.strip("-")[:63].strip("-") or "model",
        "task": target.task,
        "target": request.target,
        "positive": target.positive,
        "labels": target.labels,
        "id": id_,
        "time": time,
        "timezone": request.timezone,
        "sources": {source_name(request): source},
        "columns": {name: one.column for name, one in guesses.items()},
    }


def _valid(said: Mapping[str, Any]) -> Contract:
    try:
        return Contract.model_validate(said)
    except ValidationError as error:
        raise ConfigError(explain(error, "the contract that was inferred")) from None


def _of_rows(
    found: Look, request: Request, guesses: Mapping[str, Guess], time: str | None
) -> Iterable[str]:
    """What is doubtful of the table, and what was decided without being said."""
    yield from found.doubts
    yield from (f"`{name}` is left out: {why}" for name, why in found.unusable.items())
    if found.n_broken:
        total = found.n_broken + found.n_rows
        yield f"{found.n_broken:,} of {total:,} records are no rows ({found.broken}): rejected"
    if spaced := [name for name in found.columns if name != name.strip()]:
        yield f"names with spaces around them, as {spaced[0]!r}, must be sent so to the server"
    stamps = [name for name, one in guesses.items() if one.column.type == "timestamp"]
    if time is not None and request.time is None:
        yield f"`{time}` is taken as the time by which rows are split; say --time for another"
    elif time is None and stamps:
        yield f"rows are split by chance; say --time {stamps[0]} to train on the past"


def _typed(contract: Contract, found: Look) -> tuple[pl.DataFrame, list[str]]:
    """Some rows as the data job reads them, and what it rejects beyond what was said."""
    (name,) = contract.sources
    plan, every = layout(contract, name), 1 + found.n_rows // MOST_TYPED
    parts, n_rejected, shown = [], 0, ""
    for chunk in (chunk for path in found.paths for chunk in read_rows(path, plan)):
        parts.append(chunk.rows.gather_every(every))
        n_rejected += len(chunk.rejected)
        shown = shown or next((one.reasons for one in chunk.rejected), "")
    extra = n_rejected - found.n_broken
    doubt = f"{extra:,} of {found.n_rows:,} rows are rejected: {shown}"
    return pl.concat(parts), [doubt] if extra > 0 else []


def _without_leaks(contract: Contract, rows: pl.DataFrame) -> tuple[Contract, list[str]]:
    """Exclude what tells the target, unless nothing would be left."""
    found = leaks(rows, contract)
    if len(found) >= len([name for name in contract.features if name != contract.time]):
        return contract, [f"`{name}` {why}: is it known before?" for name, why in found.items()]
    said = contract.model_dump(mode="json", exclude_defaults=True)
    for name, why in found.items():
        said["columns"][name] |= {"leaks": True, "why": why}
    end = "a leak? it is excluded until you say otherwise (delete leaks: true)"
    return _valid(said), [f"`{name}` {why}: {end}" for name, why in found.items()]


def _spread(contract: Contract, rows: pl.DataFrame) -> Iterator[str]:
    """Columns that together may say when a row happened."""
    found: dict[str, str] = {}
    for part, (least, most) in PARTS.items():
        for name in contract.numeric:
            values = rows[name].drop_nulls()
            if contract.columns[name].type != "integer" or name in found.values() or not len(values):
                continue
            low, high, n = int(values.min()), int(values.max()), values.n_unique()  # type: ignore[call-overload]
            full = (low, high) == (least, most) and n == most - least + 1
            if full or (part == "year" and least <= low and high <= most and n <= 60):
                found[part] = name
                break
    if "month" in found and len(found) > 1:
        yield (
            f"{', '.join(f'`{name}`' for name in found.values())} may together be when a row happened"
            f" ({', '.join(found)}), and rows are split by chance, so that the future trains and the past"
            " tests; make one time of them in a copy of the file, and say --time"
        )


def _data(contract: Contract, rows: pl.DataFrame, groups: Sequence[str]) -> dict[str, Any]:
    cut = _days(contract, rows)
    split: dict[str, Any] = {"by": "group", "group": groups[0]} if groups else {"by": "hash"}
    if cut is not None:
        split = {"validation_from": cut[0], "test_from": cut[1]}
    (driving,) = contract.sources
    return {"directory": "data", "driving": driving, "split": split, "max_rejected_fraction": 0.05}


def _days(contract: Contract, rows: pl.DataFrame) -> tuple[date, date] | None:
    """First local days of the last 30 % and 20 % of the rows, where each split can be judged."""
    if contract.time is None:
        return None
    rows = rows.filter(pl.col(contract.target).is_not_null())
    local = rows[contract.time].dt.convert_time_zone(contract.timezone).dt.date()
    at, known = local.sort(), local.unique().sort()
    if len(known) < 3:
        return None
    first = max(at[int(0.7 * len(at))], known[1])
    last = max(at[int(0.8 * len(at))], next((day for day in known if day > first), first))
    place = np.searchsorted(np.array([first, last], "datetime64[D]"), local.to_numpy(), side="right")
    kinds = rows.group_by(place=pl.Series(place)).agg(n=pl.col(contract.target).n_unique())
    least = 1 if contract.task == "regression" else 2
    return None if len(kinds) < 3 or kinds["n"].min() < least else (first, last)  # type: ignore[operator]
