"""The contract and the settings of the data job that a table asks for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import available_timezones

import polars as pl
from pydantic import ValidationError

from ..config import explain, unknown
from ..contract import Contract, CsvSource
from ..data.cast import cast, present
from ..data.rows import layout_of
from ..errors import ConfigError, DataError
from .infer import Guess, Role, guess
from .look import Table
from .roles import GROUP, Task, as_target, find_keys, leaks, spread, time_of, without_noise

MOST_TYPED = 50_000


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
    for option, name in (("target", request.target), ("time", request.time), ("id", request.id)):
        if name and name not in table.columns:
            raise DataError(f"--{option}: {unknown(name, 'the columns', table.columns)}")
    target, columns = request.target, dict(table.columns)
    columns[target] = without_noise(columns[target])
    roles: dict[str | None, Role] = {request.time: "time", target: "target"}
    guesses = {name: guess(stats, zone, roles.get(name)) for name, stats in columns.items()}
    head = as_target(guesses[target], request.task, request.positive)
    time = time_of(request.time, guesses)
    id_ = find_keys(request.id, guesses, {target, time})
    slug = re.sub(r"[^a-z0-9]+", "-", f"{table.name}-{target}".lower()).strip("-")
    head |= {"name": request.name or slug[:63].strip("-") or "model", "target": target}
    head |= {"id": id_, "time": time, "timezone": zone}
    first = [name for name in (target, id_, time) if name]
    contract = _valid(
        head
        | {"sources": {table.name: _source(table, guesses, id_)}}
        | {"columns": {name: guesses[name].column for name in dict.fromkeys([*first, *guesses])}}
    )
    rows = _typed(contract, table)
    contract, leaking = _without_leaks(contract, rows)
    doubts = [*table.doubts]
    if time and not request.time:
        doubts.append(f"`{time}` is taken as the time by which rows are split; else say --time")
    elif contract.times and not time:
        doubts.append(f"rows are split by chance, not by time; else say --time {contract.times[0]}")
    split = _split(contract, rows)
    if time and "by" in split:
        doubts.append(f"rows are split by {split['by']}: too few days, or labels of one kind")
    doubts += [f"`{n}` {doubt}" for n in contract.columns for doubt in guesses[n].doubts]
    doubts += leaking if time else [*leaking, *spread(contract, rows)]
    examples = {name: stats.examples for name, stats in columns.items()}
    data = {"directory": "data", "driving": table.name, "split": split}
    return Proposal(contract=contract, data=data, doubts=doubts, examples=examples)


def _source(table: Table, guesses: Mapping[str, Guess], id_: str | None) -> dict[str, Any]:
    """The settings of the source."""
    is_csv = isinstance(table.source, CsvSource)
    blanks = [""] * is_csv + [text for one in table.columns.values() for text in one.blanks]
    blanks = list(dict.fromkeys(blanks))
    source = table.source.model_dump(exclude_defaults=True) | {
        "missing": blanks,
        "missing_by_column": {
            n: [*blanks, *one.missing] for n, one in guesses.items() if one.missing
        },
        "formats": {n: one.format for n, one in guesses.items() if one.format},
        "numbers": {
            n: one.numbers.model_dump(exclude_defaults=True)
            for n, one in guesses.items()
            if one.numbers
        },
    }
    if is_csv and not id_:
        source["repeats"] = "keep"  # without an id nothing says that equal rows are one
    return source


def _valid(settings: Mapping[str, Any]) -> Contract:
    """The contract that was inferred, or an error that says where it is not valid."""
    try:
        return Contract.model_validate(settings)
    except ValidationError as error:
        raise ConfigError(explain(error, "the contract that was inferred", settings)) from None


def _typed(contract: Contract, table: Table) -> pl.DataFrame:
    """Some rows as the data job reads them."""
    name, rows = table.name, {}
    plan = layout_of(contract, contract.sources[name], contract.source_columns(name))
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


def _split(contract: Contract, rows: pl.DataFrame) -> dict[str, Any]:
    """A split by days where each part can be judged, else by group, else by a hash of each row."""
    if days := _days(contract, rows):
        return {"validation_from": days[0], "test_from": days[1]}
    group = next((name for name, one in contract.columns.items() if one.why == GROUP), None)
    return {"by": "group", "group": group} if group else {"by": "hash"}


def _days(contract: Contract, rows: pl.DataFrame) -> tuple[date, date] | None:
    """First local days of the last 30 % and 20 % of the rows, where each split can be judged."""
    if contract.time is None:
        return None
    day = pl.col(contract.time).dt.convert_time_zone(contract.timezone).dt.date()
    labelled = rows.select(day=day, label=contract.target).drop_nulls("label").sort("day")
    first, last = (labelled["day"][int(share * len(labelled))] for share in (0.7, 0.8))
    part = (pl.col("day") >= first).cast(int) + (pl.col("day") >= last)
    kinds = labelled.group_by(part).agg(pl.col("label").n_unique())["label"].to_list()
    least = 1 if contract.task == "regression" else 2
    return (first, last) if len(kinds) == 3 and min(kinds) >= least else None
