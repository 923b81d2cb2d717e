"""The contract and the settings of the data job that a table asks for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from typing import Any
from zoneinfo import available_timezones

import polars as pl
from pydantic import ValidationError

from ..config import explain
from ..contract import Contract, CsvSource
from ..data.cast import cast, present
from ..data.rows import layout
from ..errors import ConfigError, DataError
from .infer import Guess, Role, guess
from .look import Table, listed
from .roles import GROUP, KEY, Task, keys, leaks, spread, target_of, time_of, without_noise

MOST_TYPED, SHOWN = 50_000, 20


@dataclass(frozen=True)
class Request:
    """What the person asks for; ``path`` is a file, or a database's URL or the variable with it."""

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


def propose(request: Request, table: Table) -> Proposal:
    """Put together what all columns say.

    Raises:
        ConfigError: there is no such time zone.
        DataError: there is no such column, or no feature is left.
    """
    if (zone := request.timezone) not in available_timezones():
        raise ConfigError(f"--timezone: '{zone}' is not an IANA time zone such as Europe/Paris")
    target = _column("target", request.target, table) or ""
    time, id_ = _column("time", request.time, table), _column("id", request.id, table)
    columns = table.columns | {target: without_noise(table.columns[target])}
    roles: dict[str | None, Role] = {time: "time", target: "target"}
    guesses = {name: guess(stats, zone, roles.get(name)) for name, stats in columns.items()}
    guesses[target], task = target_of(
        columns[target], guesses[target], request.task, request.positive
    )
    time = time_of(time, columns, guesses)
    guesses |= keys(id_, columns, guesses, {target, time})
    id_ = next((name for name, one in guesses.items() if one.column.why == KEY), None)
    first = [name for name in (target, id_, time) if name]
    guesses = {name: guesses[name] for name in dict.fromkeys([*first, *guesses])}
    named = replace(request, target=target, time=time, id=id_)
    contract = _valid(_settings(named, table, guesses) | task)
    rows = _typed(contract, table)
    contract, leaking = _without_leaks(contract, rows)
    doubts = [*table.doubts]
    if time and not request.time:
        doubts.append(f"`{time}` is taken as the time by which rows are split; else say --time")
    elif contract.times and not time:
        doubts.append(f"rows are split by chance, not by time; else say --time {contract.times[0]}")
    doubts += [f"`{name}` {doubt}" for name, one in guesses.items() for doubt in one.doubts]
    doubts += leaking if time else [*leaking, *spread(contract, rows)]
    examples = {name: stats.examples for name, stats in columns.items()}
    return Proposal(contract=contract, data=_data(contract, rows), doubts=doubts, examples=examples)


def _column(option: str, name: str | None, table: Table) -> str | None:
    """The column that an option names, if it names one."""
    names = list(table.columns)
    if not name or name in names:
        return name or None
    why = table.unusable.get(name, "there is no such column")
    near = "".join(f"; did you mean {one!r}?" for one in get_close_matches(name, names, 1))
    shown = listed(names, SHOWN)
    raise DataError(f"--{option}: {name!r}: {why}; the file's first line names {shown}{near}")


def _settings(request: Request, table: Table, guesses: Mapping[str, Guess]) -> dict[str, Any]:
    """The contract's settings, but for the task."""
    is_csv = isinstance(table.source, CsvSource)
    blanks = [""] * is_csv + [text for name in guesses for text in table.columns[name].blanks]
    blanks = list(dict.fromkeys(blanks))
    missing = {name: [*blanks, *one.missing] for name, one in guesses.items() if one.missing}
    numbers = {name: one.numbers for name, one in guesses.items() if one.numbers}
    source = table.source.model_dump(exclude_defaults=True) | {
        "missing": blanks,
        "missing_by_column": missing,
        "formats": {name: one.format for name, one in guesses.items() if one.format},
        "numbers": {name: one.model_dump(exclude_defaults=True) for name, one in numbers.items()},
    }
    if is_csv and not request.id:
        source["repeats"] = "keep"  # without an id nothing says that equal rows are one
    columns = {name: one.column for name, one in guesses.items()}
    others = {n: c for n, c in columns.items() if n not in (request.target, request.id)}
    unused = [f"{n!r} ({c.why})" for n, c in others.items() if c.role or c.type == "string"]
    if len(unused) == len(others):
        why = ", ".join(unused[:10]) or "there is no other"
        raise DataError(f"no column is left from which {request.target!r} could be learnt: {why}")
    slug = re.sub(r"[^a-z0-9]+", "-", f"{table.name}-{request.target}".lower()).strip("-")
    return {
        "name": request.name or slug[:63].strip("-") or "model",
        "target": request.target,
        "id": request.id,
        "time": request.time,
        "timezone": request.timezone,
        "sources": {table.name: source},
        "columns": columns,
    }


def _valid(settings: Mapping[str, Any]) -> Contract:
    """The contract that was inferred, or an error that says where it is not valid."""
    try:
        return Contract.model_validate(settings)
    except ValidationError as error:
        raise ConfigError(explain(error, "the contract that was inferred")) from None


def _typed(contract: Contract, table: Table) -> pl.DataFrame:
    """Some rows as the data job reads them."""
    plan, rows = layout(contract, table.name), {}
    for name, form in plan.forms.items():
        values = table.columns[name].values
        values = values.gather_every(1 + len(values) // MOST_TYPED)
        rows[name] = cast(present(values, form.missing), form, plan.zone)
    return pl.DataFrame(rows)


def _without_leaks(contract: Contract, rows: pl.DataFrame) -> tuple[Contract, list[str]]:
    """Exclude what tells the target, unless nothing would be left."""
    leaking, end = leaks(rows, contract), "is it known before?"
    if len(leaking) < len([name for name in contract.features if name != contract.time]):
        settings = contract.model_dump(mode="json", exclude_defaults=True)
        for name, why in leaking.items():
            settings["columns"][name] |= {"leaks": True, "why": why}
        contract = _valid(settings)
        end = "a leak? it is excluded until you say otherwise (delete leaks: true)"
    return contract, [f"`{name}` {why}: {end}" for name, why in leaking.items()]


def _data(contract: Contract, rows: pl.DataFrame) -> dict[str, Any]:
    """The settings of data.yaml: a split by days, else by group, else by a hash of each row."""
    group = next((name for name, one in contract.columns.items() if one.why == GROUP), None)
    split: dict[str, Any] = {"by": "group", "group": group} if group else {"by": "hash"}
    if days := _days(contract, rows):
        split = {"validation_from": days[0], "test_from": days[1]}
    (driving,) = contract.sources
    return {"directory": "data", "driving": driving, "split": split, "max_rejected_fraction": 0.05}


def _days(contract: Contract, rows: pl.DataFrame) -> tuple[date, date] | None:
    """First local days of the last 30 % and 20 % of the rows, where each split can be judged."""
    if contract.time is None:
        return None
    day = pl.col(contract.time).dt.convert_time_zone(contract.timezone).dt.date()
    labelled = rows.select(day=day, label=contract.target).drop_nulls("label").sort("day")
    days, unique = labelled["day"], labelled["day"].unique().sort()
    first = max(days[int(0.7 * len(days))], unique[:2][-1])
    later = unique.filter(unique > first)
    if not len(later):
        return None
    last = max(days[int(0.8 * len(days))], later[0])
    place = (pl.col("day") >= first).cast(int) + (pl.col("day") >= last)
    kinds = labelled.group_by(place).agg(pl.col("label").n_unique())["label"].to_list()
    least = 1 if contract.task == "regression" else 2
    return (first, last) if len(kinds) == 3 and min(kinds) >= least else None
