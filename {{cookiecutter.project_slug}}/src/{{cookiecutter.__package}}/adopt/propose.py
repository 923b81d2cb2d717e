"""The contract and the settings of the data job that a table asks for."""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import numpy as np
import polars as pl
from pydantic import ValidationError

from ..config import explain
from ..contract import Contract, CsvSource
from ..data.rows import layout, read_rows
from ..errors import ConfigError, DataError
from .infer import Guess, Role, guess
from .look import Look, listed
from .roles import GROUP, KEY, keys, leaks, spread, time_of
from .target import Target, Task, target_of

ROWS, MOST_TYPED, SHOWN = "rows", 50_000, 20


@dataclass(frozen=True)
class Request:
    """What the person said; ``path`` is a file, or a database's URL or the variable that holds it."""

    path: str
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
    """What is shown and written: the contract, and the settings of ``data.yaml``."""

    contract: Contract
    data: dict[str, Any]
    doubts: list[str]
    examples: Mapping[str, str]


def source_name(request: Request) -> str:
    """What the contract calls the source: its file's or table's name."""
    stem = request.table or (ROWS if request.query else Path(request.path).name.partition(".")[0])
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_-")
    return name if name and name != "contract" else ROWS


def proposed(request: Request, found: Look) -> Proposal:
    """Put together what all columns say."""
    if (zone := request.timezone) not in available_timezones():
        raise ConfigError(f"--timezone: '{zone}' is not an IANA time zone such as Europe/Paris")
    meant: dict[str, Any] = {key: _meant(key, request, found) for key in ("target", "time", "id")}
    request = replace(request, **meant)
    guesses, name = _guesses(request, found), request.target
    target = target_of(found.columns[name], guesses[name], request.task, request.positive)
    guesses[name] = target.guess
    time = time_of(request.time, found.columns, guesses)
    guesses |= keys(request.id, found.columns, guesses, {name, time})
    id_ = next((n for n, one in guesses.items() if one.column.why == KEY), None)
    order = dict.fromkeys(n for n in (name, id_, time, *guesses) if n)
    guesses = {name: guesses[name] for name in order}
    contract = _valid(_contract(request, found, target, guesses) | {"id": id_, "time": time})
    rows, rejected = _typed(contract, found)
    contract, leaking = _without_leaks(contract, rows)
    own = [f"`{name}` {doubt}" for name, one in guesses.items() for doubt in one.doubts]
    together = spread(contract, rows) if time is None else []
    return Proposal(
        contract=contract,
        data=_data(contract, rows),
        doubts=[*found.doubts, *_split(request, contract), *own, *rejected, *leaking, *together],
        examples={n: ", ".join(_short(one.known)) for n, one in found.columns.items()},
    )


def _short(values: pl.Series) -> list[str]:
    """The first values, cut so that a line of the table holds them."""
    return [str(value)[:20] for value in values.head(3)]


def _guesses(request: Request, found: Look) -> dict[str, Guess]:
    """Each column's guess, once more for doubtful ones where others have a decimal comma."""
    roles: dict[str | None, Role] = {request.time: "time", request.target: "target"}
    zone, columns = request.timezone, found.columns.items()
    guesses = {name: guess(stats, zone, roles.get(name)) for name, stats in columns}
    if any(one.numbers and one.numbers.decimal == "," for one in guesses.values()):
        for name, stats in columns:
            if any("say decimal" in doubt for doubt in guesses[name].doubts):
                guesses[name] = guess(stats, zone, roles.get(name), comma=True)
    return guesses


def _meant(option: str, request: Request, found: Look) -> str | None:
    """The column that is meant: by its name, or but for spaces around it and case."""
    name, names = getattr(request, option), list(found.columns)
    if not name or name in names:
        return name or None
    alike = [one for one in names if one.strip().casefold() == name.strip().casefold()]
    if len(alike) == 1:
        return alike[0]
    why = found.unusable.get(name, "there is no such column")
    near = "".join(f"; did you mean {one!r}?" for one in difflib.get_close_matches(name, names, 1))
    raise DataError(
        f"--{option}: {name!r}: {why}{near} There are {listed(names, SHOWN)}; if these are no names,"
        " the file lacks a first line that names its columns: add one"
    )


def _contract(
    request: Request, found: Look, target: Target, guesses: Mapping[str, Guess]
) -> dict[str, Any]:
    """The contract's values, but for id and time."""
    source, csv = found.source.model_dump(exclude_defaults=True), isinstance(
        found.source, CsvSource
    )
    blanks = {text: None for name in guesses for text in found.columns[name].blanks}
    blanks = ({"": None} if csv else {}) | blanks
    others = {name: one for name, one in guesses.items() if one.column.why != KEY}
    numbers = {name: one.numbers for name, one in others.items() if one.numbers}
    source |= {
        "missing": list(blanks),
        "missing_by_column": {
            n: [*blanks, *one.missing] for n, one in others.items() if one.missing
        },
        "formats": {name: one.format for name, one in others.items() if one.format},
        "numbers": {n: one.model_dump(exclude_defaults=True) for n, one in numbers.items()},
    }
    if csv and len(others) == len(guesses):
        source["repeats"] = "keep"  # without an id nothing says that equal rows are one
    left = {name: one.column for name, one in others.items() if name != request.target}
    gone = [f"{n!r} ({one.why})" for n, one in left.items() if one.role or one.type == "string"]
    if len(gone) == len(left):
        why = ", ".join(gone[:10]) or "there is no other"
        raise DataError(f"no column is left from which {request.target!r} could be learnt: {why}")
    slug = re.sub(r"[^a-z0-9]+", "-", f"{source_name(request)}-{request.target}".lower())
    return {
        "name": request.name or slug.strip("-")[:63].strip("-") or "model",
        "task": target.task,
        "target": request.target,
        "positive": target.positive,
        "labels": target.labels,
        "timezone": request.timezone,
        "sources": {source_name(request): source},
        "columns": {name: one.column for name, one in guesses.items()},
    }


def _valid(said: Mapping[str, Any]) -> Contract:
    """The contract.

    Raises:
        ConfigError: what was inferred is not valid; it says where.
    """
    try:
        return Contract.model_validate(said)
    except ValidationError as error:
        raise ConfigError(explain(error, "the contract that was inferred")) from None


def _split(request: Request, contract: Contract) -> Iterator[str]:
    """What was decided about the split without being said."""
    if contract.time and not request.time:
        yield f"`{contract.time}` is taken as the time by which rows are split; else say --time"
    elif contract.times and not contract.time:
        yield f"rows are split by chance; say --time {contract.times[0]} to train on the past"


def _typed(contract: Contract, found: Look) -> tuple[pl.DataFrame, list[str]]:
    """Some rows as the data job reads them, and what it rejects beyond what was said."""
    (name,), every = contract.sources, 1 + found.n_rows // MOST_TYPED
    parts, reasons, plan = [], list[str](), layout(contract, name)
    known, rare = {*(contract.labels or ()), None}, set[Any]()
    for chunk in (chunk for path in found.paths for chunk in read_rows(path, plan)):
        parts.append(chunk.rows.gather_every(every))
        reasons += [one.reasons for one in chunk.rejected]
        rare |= set(chunk.rows[contract.target].unique()) - known if contract.labels else set()
    doubts, extra = [], len(reasons) - found.n_broken
    if extra > 0:
        shown = listed(dict.fromkeys(reasons))
        doubts.append(f"{extra:,} of {found.n_rows:,} rows are rejected: {shown}")
    if rare:
        doubts.append(
            f"`{contract.target}` is {listed(rare)} in few rows: rejected, unless in labels"
        )
    return pl.concat(parts), doubts


def _without_leaks(contract: Contract, rows: pl.DataFrame) -> tuple[Contract, list[str]]:
    """Exclude what tells the target, unless nothing would be left."""
    found, end = leaks(rows, contract), "is it known before?"
    if len(found) < len([name for name in contract.features if name != contract.time]):
        said = contract.model_dump(mode="json", exclude_defaults=True)
        for name, why in found.items():
            said["columns"][name] |= {"leaks": True, "why": why}
        contract = _valid(said)
        end = "a leak? it is excluded until you say otherwise (delete leaks: true)"
    return contract, [f"`{name}` {why}: {end}" for name, why in found.items()]


def _data(contract: Contract, rows: pl.DataFrame) -> dict[str, Any]:
    """The settings of data.yaml: a split by days, else by group, else by a hash of each row."""
    group = next((name for name, one in contract.columns.items() if one.why == GROUP), None)
    split: dict[str, Any] = {"by": "group", "group": group} if group else {"by": "hash"}
    if cut := _days(contract, rows):
        split = {"validation_from": cut[0], "test_from": cut[1]}
    (driving,) = contract.sources
    return {"directory": "data", "driving": driving, "split": split, "max_rejected_fraction": 0.05}


def _days(contract: Contract, rows: pl.DataFrame) -> tuple[date, date] | None:
    """First local days of the last 30 % and 20 % of the rows, where each split can be judged."""
    rows = rows.drop_nulls(contract.target)
    if contract.time is None or rows[contract.time].dt.date().n_unique() < 3:
        return None
    local = rows[contract.time].dt.convert_time_zone(contract.timezone).dt.date()
    days, at = np.unique(local.to_numpy()), np.sort(local.to_numpy())
    first = max(at[int(0.7 * len(at))], days[1])
    last = max(at[int(0.8 * len(at))], *days[days > first][:1], first)
    place = pl.Series("place", np.searchsorted([first, last], local.to_numpy(), side="right"))
    kinds = rows.group_by(place).agg(n=pl.col(contract.target).n_unique())["n"].to_list()
    least = 1 if contract.task == "regression" else 2
    return (first.item(), last.item()) if len(kinds) == 3 and min(kinds) >= least else None
