"""The contract and the settings of the data job that a table asks for."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from pydantic import ValidationError

from ..config import explain
from ..contract import Column, Contract, CsvSource
from ..data.rows import layout, read_rows
from ..errors import ConfigError, DataError
from .infer import Guess, excluded, guess
from .leaks import leaks, twins
from .look import ColumnStats, Look, nameless
from .target import Target, Task, target_of

ROWS, MOST_TYPED, SHOWN = "rows", 50_000, 20
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
    """What is shown, may be changed, and is written."""

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
    """Put together what all columns say, and hold it to every row of the table.

    Raises:
        DataError: the target, the time or the id cannot be what it is said to be.
        ConfigError: the contract would not be valid, as with a time zone that there is not.
    """
    names = list(found.columns)
    request = replace(
        request,
        target=_meant(request.target, names, found, "--target"),
        time=request.time and _meant(request.time, names, found, "--time"),
        id=request.id and _meant(request.id, names, found, "--id"),
    )
    guesses = _guesses(request, found)
    target = target_of(
        found.columns[request.target], guesses[request.target], request.task, request.positive
    )
    said = {request.target, request.time, request.id}
    gone = {n: why for n, why in nameless(found.columns, found.source) if n not in said}
    kept = {name: one for name, one in guesses.items() if name not in gone}
    kept[request.target] = Guess(
        column=target.column,
        doubts=target.doubts,
        missing=target.missing,
        numbers=target.numbers,
    )
    time = _time(request.time, found.columns, kept)
    kept |= _keys(request, found.columns, kept, time)
    id_ = next((n for n, one in kept.items() if one.column.why == "names each row"), None)
    groups = [n for n, one in kept.items() if one.column.why == "names what several rows are about"]
    contract = valid(_contract(request, found, target, kept, time, id_))
    doubts = [*_of_rows(found, gone), *_chosen(request, kept, time, id_, groups)]
    named = [n for n in (request.target, time, id_) if n]
    for name in dict.fromkeys([*named, *kept]):
        doubts += [f"`{name}` {doubt}" for doubt in kept[name].doubts]
    rows, more = _typed(contract, found)
    contract, of_leaks = _without_leaks(contract, rows)
    if time is None:
        doubts += _spread(contract, rows)
    return Proposal(
        contract=contract,
        data=_data(contract, rows, groups),
        doubts=tuple(dict.fromkeys([*doubts, *more, *of_leaks])),
        examples={name: one.examples for name, one in found.columns.items()},
    )


def _guesses(request: Request, found: Look) -> dict[str, Guess]:
    """Each column's guess; where some have a decimal comma beyond doubt, all others may have."""
    zone = request.timezone
    try:
        Contract.__pydantic_validator__  # noqa: B018
        guesses = {n: guess(one, zone, time=n == request.time) for n, one in found.columns.items()}
    except pl.exceptions.ComputeError:
        raise ConfigError(
            f"--timezone: '{zone}' is not an IANA time zone such as Europe/Paris"
        ) from None
    written = [one.numbers for one in guesses.values() if one.numbers]
    delimiter = found.source.delimiter if isinstance(found.source, CsvSource) else ","
    if any(one.decimal == "," for one in written) or (written and delimiter == ";"):
        again = {n for n, one in guesses.items() if any("read as" in doubt for doubt in one.doubts)}
        guesses |= {n: guess(found.columns[n], zone, comma=True, time=n == request.time) for n in again}
    return guesses


def _meant(name: str, names: list[str], found: Look, option: str) -> str:
    """The column that is meant: by its name, or but for spaces around it and case."""
    if name in names:
        return name
    alike = [one for one in names if one.strip().casefold() == name.strip().casefold()]
    if len(alike) == 1:
        return alike[0]
    if name in found.unreadable:
        raise DataError(f"{option}: '{name}': {found.unreadable[name]}")
    near = difflib.get_close_matches(name, names, 1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    shown = ", ".join(map(repr, names[:SHOWN])) + (" and more" if len(names) > SHOWN else "")
    hint = "if these are no names, the file lacks a first line that names its columns: add one"
    raise DataError(f"{option}: there is no column {name!r}; {meant}there are {shown}; {hint}")


def _time(
    said: str | None, columns: Mapping[str, ColumnStats], kept: Mapping[str, Guess]
) -> str | None:
    """The time: what is said, or of the complete timestamps the one that is never the later.

    Raises:
        DataError: what is said holds gaps, or no times.
    """
    stamps = [n for n, one in kept.items() if one.column.type == "timestamp"]
    if said is None:
        sound = [n for n in stamps if not kept[n].column.nullable]
        return sound[0] if len(sound) == 1 else None
    one, shown = columns[said], ", ".join(map(repr, columns[said].examples[:3]))
    if said not in stamps:
        raise DataError(
            f"--time: '{said}' holds no times that can be read, such as {shown}; write them as"
            " 2024-01-31 23:59:00 in a copy of the file, or leave --time out"
        )
    if kept[said].column.nullable:
        lost = sum(n for text, n in one.known.iter_rows() if str(text) in kept[said].missing)
        raise DataError(
            f"--time: '{said}' has {one.n_rows - one.n_known:,} gaps and {lost:,} values that are no"
            f" times ({', '.join(map(repr, kept[said].missing[:3]))}), and a row without its time can"
            " be in no split; name another column, or leave --time out"
        )
    return said


def _keys(
    request: Request,
    columns: Mapping[str, ColumnStats],
    kept: Mapping[str, Guess],
    time: str | None,
) -> dict[str, Guess]:
    """The id, and columns that name what several rows are about, by what their values do.

    Raises:
        DataError: the id that is said has gaps or repeats.
    """
    said, found = request.id, {}
    if said is not None:
        one = columns[said]
        if not (one.unique and one.complete):
            raise DataError(
                f"--id: '{said}' does not name each row once: {one.n_known - len(one.known):,} rows"
                f" repeat a value of another and {one.n_rows - one.n_known:,} have none; name another"
                " column, or leave --id out (the rows are then told apart by all their values)"
            )
    first = next(iter(columns))
    keys = [
        name
        for name, one in columns.items()
        if name in kept and name not in {request.target, time} and not kept[name].column.pii
        if _names_rows(one, kept[name], first=name == first)
    ]
    for name in [said] if said else keys[:1]:
        kind = "integer" if kept[name].column.type == "integer" else "string"
        found[name] = Guess(column=Column(type=kind, why="names each row"))  # type: ignore[arg-type]
    for name, one in columns.items():
        if name in kept and name not in {request.target, time, *found} and _is_group(one, kept[name]):
            if _shared(name, columns):
                column = Column(
                    type="category",
                    nullable=not one.complete,
                    role="metadata",
                    why="names what several rows are about",
                )
                found[name] = Guess(column=column)
    return found


def _names_rows(one: ColumnStats, found: Guess, *, first: bool) -> bool:
    """Whether values are all there, all others, and no measurements."""
    if not (one.unique and one.complete and one.n_rows > 20):
        return False
    if found.column.type == "integer":
        values = one.values.cast(pl.Int64, strict=False)
        return bool(first and not found.missing and (values.is_sorted() or found.column.role))
    texts = one.known["value"].head(1000)
    return one.is_text and found.values is None and not texts.str.contains(r"\s").any() and bool(
        texts.str.contains("[0-9]").mean() > 0.9  # type: ignore[operator]
    )


def _is_group(one: ColumnStats, found: Guess) -> bool:
    """Whether there are many values, and several rows of most."""
    n = len(one.known)
    kind = found.column.type in {"integer", "category", "string"} and found.numbers is None
    return kind and n >= 20 and 1.5 * n <= one.n_known <= 50 * n and one.n_rows >= 100


def _shared(name: str, columns: Mapping[str, ColumnStats]) -> bool:
    """Whether rows of one value agree in another column in which rows seldom agree by chance."""
    some = list(columns)[:100]
    rows = pl.DataFrame({n: columns[n].values for n in {*some, name}}).head(20_000)
    groups = rows.filter(pl.col(name).is_not_null()).group_by(name)
    alike = groups.agg(pl.len().alias("(n)"), *(pl.col(n).n_unique() == 1 for n in some if n != name))
    alike = alike.filter(pl.col("(n)") > 1)
    for other in alike.columns[2:]:
        shares = rows[other].value_counts()["count"] / len(rows)
        if len(alike) and alike[other].mean() > 0.95 and (shares**2).sum() < 0.6:  # type: ignore[operator]
            if rows[other].n_unique() * 1.2 < rows[name].n_unique() or columns[name].is_text:
                return True
    return False


def _contract(
    request: Request,
    found: Look,
    target: Target,
    kept: Mapping[str, Guess],
    time: str | None,
    id_: str | None,
) -> dict[str, Any]:
    """The contract's values, the named columns first."""
    source = found.source.model_dump(exclude_defaults=True)
    for key in ("formats", "numbers", "missing_by_column"):
        source.pop(key, None)
    formats = {n: one.format for n, one in kept.items() if one.format and n != id_}
    numbers = {
        n: one.numbers.model_dump(exclude_defaults=True)
        for n, one in kept.items()
        if one.numbers and n != id_
    }
    blanks = sorted({blank for name in kept for blank in found.columns[name].blanks})
    everywhere = ("", *blanks) if isinstance(found.source, CsvSource) else tuple(blanks)
    missing = {n: [*dict.fromkeys((*everywhere, *one.missing))] for n, one in kept.items() if one.missing}
    source |= {"missing": [*dict.fromkeys(everywhere)]} if blanks else {}
    source |= {"missing_by_column": missing} if missing else {}
    source |= {"formats": formats} if formats else {}
    source |= {"numbers": numbers} if numbers else {}
    if id_ is None and isinstance(found.source, CsvSource):
        source["repeats"] = "keep"
    columns = {name: one.column for name, one in kept.items()}
    if id_ is not None:
        columns[id_] = Column(type=columns[id_].type)
    named = [name for name in (request.target, id_, time) if name is not None]
    ordered = {name: columns[name] for name in dict.fromkeys([*named, *columns])}
    others = {n: one for n, one in ordered.items() if n not in {request.target, id_}}
    left = [f"{n!r} ({one.why})" for n, one in others.items() if one.role or one.type == "string"]
    if len(left) == len(others):
        raise DataError(
            f"no column is left from which {request.target!r} could be learnt:"
            f" {', '.join(left[:10]) or 'there is no other'}"
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
        "columns": ordered,
    }


def valid(said: Mapping[str, Any]) -> Contract:
    """The contract that these values make.

    Raises:
        ConfigError: they make none.
    """
    try:
        return Contract.model_validate(said)
    except ValidationError as error:
        raise ConfigError(explain(error, "the contract that was inferred")) from None


def _of_rows(found: Look, gone: Mapping[str, str]) -> Iterable[str]:
    yield from found.doubts
    for name, why in {**found.unreadable, **gone}.items():
        yield f"`{name}` is left out: {why}"
    if found.n_broken:
        total = found.n_broken + found.n_rows
        yield f"{found.n_broken:,} of {total:,} records are no rows ({found.broken}): rejected"
    if spaced := [name for name in found.columns if name != name.strip()]:
        yield f"names with spaces around them, as {spaced[0]!r}, must be sent so to the server"


def _chosen(
    request: Request, kept: Mapping[str, Guess], time: str | None, id_: str | None, groups: Sequence[str]
) -> Iterable[str]:
    """What was decided without being said."""
    if time is not None and request.time is None:
        yield f"`{time}` is taken as the time by which rows are split; say --time for another"
    stamps = [name for name, one in kept.items() if one.column.type == "timestamp"]
    if time is None and stamps:
        yield f"rows are split by chance; say --time {stamps[0]} to train on the past"
    if id_ is not None and request.id is None:
        yield f"`{id_}` is taken as the id, since it names each row; say --id for another"
    for name in groups:
        yield (
            f"`{name}` names what several rows are about: no feature, and rows of one value should not"
            f" lie in training and test; split: {{by: group, group: {name}}} in data.yaml keeps them together"
        )


def _typed(contract: Contract, found: Look) -> tuple[pl.DataFrame, list[str]]:
    """Some rows as the data job reads them, and what it rejects beyond what was said."""
    (name,) = contract.sources
    parts, n_rejected, n_rows, shown = [], 0, 0, ""
    low, high = {}, {}
    plan = layout(contract, name)
    for path in found.paths:
        for chunk in read_rows(path, plan):
            n_rows += len(chunk.rows)
            n_rejected += len(chunk.rejected)
            shown = shown or next((one.reasons for one in chunk.rejected), "")
            parts.append(chunk.rows.gather_every(1 + found.n_rows // MOST_TYPED))
    extra = n_rejected - found.n_broken
    if extra <= 0:
        return pl.concat(parts), []
    return pl.concat(parts), [f"{extra:,} of {found.n_rows:,} rows are rejected: {shown}"]


def _without_leaks(contract: Contract, rows: pl.DataFrame) -> tuple[Contract, list[str]]:
    """Exclude what tells the target, unless nothing would be left."""
    found, doubts = leaks(rows, contract), []
    if found and len(found) < len([n for n in contract.features if n != contract.time]):
        said = contract.model_dump(mode="json", exclude_defaults=True)
        for name, why in found.items():
            said["columns"][name] |= {"leaks": True, "why": why}
            doubts.append(
                f"`{name}` {why}: a leak? it is excluded until you say otherwise (delete leaks: true)"
            )
        contract = valid(said)
    else:
        doubts += [f"`{name}` {why}: is it known before?" for name, why in found.items()]
    doubts += [f"`{one}` is almost `{two}`: one may do" for one, two in twins(rows, contract)]
    return contract, doubts


def _spread(contract: Contract, rows: pl.DataFrame) -> Iterator[str]:
    """Columns that together may say when a row happened."""
    found: dict[str, str] = {}
    for part, (least, most) in PARTS.items():
        for name in contract.numeric:
            values = rows[name].drop_nulls()
            if contract.columns[name].type != "integer" or name in found.values() or not len(values):
                continue
            low, high, n = values.min(), values.max(), values.n_unique()
            full = (low, high) == (least, most) and n == most - least + 1
            if full if part != "year" else least <= low and high <= most and n <= 60:
                found[part] = name
                break
    if {"month"} & set(found) and len(found) > 1:
        shown = ", ".join(f"`{name}`" for name in found.values())
        yield (
            f"{shown} may together be when a row happened ({', '.join(found)}), and rows are split by"
            " chance: the future would train and the past test; make one time of them in a copy of the"
            " file, and say --time"
        )


def _data(contract: Contract, rows: pl.DataFrame, groups: Sequence[str]) -> dict[str, Any]:
    cut = days(contract, rows)
    split: dict[str, Any] = {"by": "hash"}
    if cut is not None:
        split = {"validation_from": cut[0], "test_from": cut[1]}
    elif groups:
        split = {"by": "group", "group": groups[0]}
    return {
        "directory": "data",
        "driving": next(iter(contract.sources)),
        "split": split,
        "max_rejected_fraction": 0.05,
    }


def days(contract: Contract, rows: pl.DataFrame) -> tuple[date, date] | None:
    """First local days of the last 30 % and 20 % of the rows, where each split can be judged."""
    if contract.time is None:
        return None
    rows = rows.filter(pl.col(contract.target).is_not_null())
    local = rows[contract.time].dt.convert_time_zone(contract.timezone).dt.date()
    at = local.to_numpy().astype("datetime64[D]")
    known = np.unique(at)
    if len(known) < 3:
        return None
    ordered = np.sort(at)
    first = max(ordered[int(0.7 * len(at))], known[1])
    last = max(ordered[int(0.8 * len(at))], first + np.timedelta64(1, "D"))
    place = pl.Series("place", np.searchsorted([first, last], at, side="right"))
    labels = rows.select(label=contract.target).with_columns(place)
    kinds = labels.group_by("place").agg(pl.col("label").n_unique())
    least = 1 if contract.task == "regression" else 2
    if len(kinds) < 3 or kinds["label"].min() < least:  # type: ignore[operator]
        return None
    return first.astype(date), last.astype(date)


def amended(proposal: Proposal, change: str) -> Proposal:
    """The proposal after ``column=type``, or ``-column``, which excludes it.

    Raises:
        ConfigError: there is no such column, or the contract would not be valid.
    """
    name, _, kind = change.rpartition("=") if not change.startswith("-") else (change[1:], "", "")
    name, kind = name.strip(), kind.strip()
    if name not in proposal.contract.columns:
        raise ConfigError(f"there is no column '{name}'; say column=type, or -column to exclude it")
    said = proposal.contract.model_dump(mode="json", exclude_defaults=True)
    for source in said["sources"].values():
        for key in ("formats", "numbers"):
            if kind != {"formats": "timestamp"}.get(key, "float"):
                source.get(key, {}).pop(name, None)
    column: dict[str, Any] = {"type": kind or "string", "nullable": True}
    if not kind:
        column |= {"role": "excluded", "why": "excluded by hand"}
    elif kind not in {"category", "string"}:
        column["on_violation"] = {"type": "null"}
    said["columns"][name] = column
    return replace(proposal, contract=valid(said))
