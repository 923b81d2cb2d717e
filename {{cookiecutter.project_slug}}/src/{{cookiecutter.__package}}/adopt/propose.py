"""The contract and the settings of the data job that a table asks for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from pydantic import ValidationError

from ..config import explain, unknown
from ..contract import Contract, CsvSource
from ..data.cast import cast, present
from ..data.rows import layout_of
from ..errors import ConfigError, DataError
from .infer import Guess, guess
from .look import Table
from .roles import GROUP, as_target, find_id, leaks, mark_groups, noise, spread, time_of

MOST_TYPED = 50_000


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What is shown and written: the contract, and the settings of ``data.yaml``."""

    contract: Contract
    data: dict[str, Any]
    doubts: list[str]
    guesses: Mapping[str, Guess]


def propose(table: Table, target: str, time: str = "", id_: str = "", task: str = "") -> Proposal:
    """Put together what all columns say; what is not named is inferred.

    Raises:
        DataError: there is no such column, or no feature is left.
    """
    if not target:
        raise DataError("name the column to predict: make adopt CSV=rows.csv TARGET=column")
    columns = table.rows.columns
    for option, name in (("target", target), ("time", time), ("id", id_)):
        if name and name not in columns:
            raise DataError(f"--{option}: {unknown(name, 'the columns', columns)}")
    guesses = {values.name: guess(values) for values in table.rows}
    labels = table.rows[target]
    guesses[target] = guess(labels, is_target=True, nulls=noise(Guess(labels)))
    slug = re.sub(r"[^a-z0-9]+", "-", f"{table.name}-{target}".lower())
    head: dict[str, Any] = {"name": slug[:63].strip("-"), "target": target}
    head |= as_target(guesses[target], task)
    head["time"] = found = time_of(time, guesses)
    head["id"] = find_id(id_, guesses, {target, found})
    mark_groups(guesses, table.rows, {target, found, head["id"]})
    contract = _contract(head, table, guesses)
    rows = _typed(contract, table)
    if leaking := leaks(rows, contract):
        _exclude_leaks(leaking, contract, guesses)
        contract = _contract(head, table, guesses)
    split = _split(contract, rows)
    doubts = table.doubts
    if contract.times and "by" in split:
        end = f"too few days, or labels, or no --time {contract.times[0]}"
        doubts.append(f"rows are split by {split['by']}, not by time: {end}")
    elif found and not time:
        doubts.append(f"`{found}` is taken as the time by which rows are split; else say --time")
    doubts += [f"`{name}` {doubt}" for name in contract.columns for doubt in guesses[name].doubts]
    doubts += [] if found else spread(contract, rows)
    data = {"driving": table.name, "split": split}
    return Proposal(contract=contract, data=data, doubts=doubts, guesses=guesses)


def _contract(head: Mapping[str, Any], table: Table, guesses: Mapping[str, Guess]) -> Contract:
    """The contract of the guesses; the columns of the head come first."""
    is_csv = isinstance(table.source, CsvSource)
    blanks = [""] * is_csv + [text for one in guesses.values() for text in one.blanks]
    blanks = list(dict.fromkeys(blanks))
    source = table.source.model_dump(exclude_defaults=True) | {
        "missing": blanks,
        "missing_by_column": {
            name: [*blanks, *one.missing] for name, one in guesses.items() if one.missing
        },
        "formats": {name: one.format for name, one in guesses.items() if one.format},
        "numbers": {name: one.numbers for name, one in guesses.items() if one.numbers},
    }
    if is_csv and not head["id"]:
        source["repeats"] = "keep"  # without an id nothing says that equal rows are one
    first = [head[key] for key in ("target", "id", "time") if head[key]]
    columns = {name: guesses[name].column for name in dict.fromkeys([*first, *guesses])}
    settings = {**head, "sources": {table.name: source}, "columns": columns}
    try:
        return Contract.model_validate(settings)
    except ValidationError as error:
        raise ConfigError(explain(error, "the contract that was inferred", settings)) from None


def _typed(contract: Contract, table: Table) -> pl.DataFrame:
    """Some rows as the data job reads them."""
    name, rows = table.name, {}
    plan = layout_of(contract, contract.sources[name], contract.source_columns(name))
    for name, form in plan.forms.items():
        values = table.rows[name].gather_every(1 + len(table.rows) // MOST_TYPED)
        rows[name] = cast(present(values, form.missing), form, plan.zone)
    return pl.DataFrame(rows)


def _exclude_leaks(
    leaking: Mapping[str, str], contract: Contract, guesses: Mapping[str, Guess]
) -> None:
    """Exclude what tells the target, unless nothing would be left."""
    others = set(contract.features) - {contract.time, *leaking}
    for name, why in leaking.items():
        end = "a leak? excluded until you delete leaks: true" if others else "is it known before?"
        guesses[name].rules |= {"leaks": True, "why": why} if others else {}
        guesses[name].doubts.append(f"{why}: {end}")


def _split(contract: Contract, rows: pl.DataFrame) -> dict[str, Any]:
    """By days where each part can be judged: 70, 10 and 20 % of the rows; else by group or hash."""
    if contract.time:
        day = pl.col(contract.time).dt.date()
        labelled = rows.select(day=day, label=contract.target).drop_nulls("label").sort("day")
        first, last = (labelled["day"][int(share * len(labelled))] for share in (0.7, 0.8))
        part = (pl.col("day") >= first).cast(int) + (pl.col("day") >= last)
        kinds = labelled.group_by(part).agg(pl.col("label").n_unique())["label"].to_list()
        if len(kinds) == 3 and min(kinds) >= (1 if contract.task == "regression" else 2):
            return {"validation_from": first, "test_from": last}
    group = next((name for name, one in contract.columns.items() if one.why == GROUP), None)
    return {"by": "group", "group": group} if group else {"by": "hash"}
