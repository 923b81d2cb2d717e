"""The contract and the settings of the data job that a table asks for."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
from pydantic import ValidationError

from ...config import explain
from ...contract import Column, Contract
from ...errors import ConfigError, DataError
from .days import days
from .facts import EXAMPLES, Facts, markers_of
from .infer import Guess, guess
from .leaks import leaks, twins, typed
from .look import Look
from .roles import Ask, id_of, meant, nameless, source_name, time_of
from .target import Target, target_of
from .words import GROUPS, words_of


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What is shown, may be changed, and is written."""

    contract: Contract
    data: dict[str, Any]
    """The settings of ``data.yaml``."""
    doubts: tuple[str, ...]
    examples: dict[str, tuple[str, ...]]
    """Some texts of each column."""


def drafted(ask: Ask, found: Look) -> Draft:
    """Put together what all facts say.

    Raises:
        DataError: the target, the time or the id cannot be what it is said to be.
        ConfigError: the contract would not be valid, as with a time zone that there is not.
    """
    names = list(found.watches)
    ask = replace(
        ask,
        target=meant(ask.target, names, found, "--target"),
        time=ask.time and meant(ask.time, names, found, "--time"),
        id=ask.id and meant(ask.id, names, found, "--id"),
    )
    texts = hasattr(found.source, "missing")
    markers = markers_of(found.watches, ask.target) if texts else frozenset[str]()
    facts = {
        name: watch.facts(markers, found.sample[name]) for name, watch in found.watches.items()
    }
    target = target_of(facts[ask.target], ask.task, ask.positive)
    guesses = {name: guess(one, time=name == ask.time) for name, one in facts.items()}
    guesses[ask.target] = Guess(column=target.column)
    left_out = nameless(facts, ask)
    kept = {name: one for name, one in guesses.items() if name not in left_out}
    time = time_of(ask.time, facts, kept)
    id_ = id_of(ask.id, facts, kept, {ask.target, time})
    said = _said(ask, found, target, kept, time, id_, markers)
    doubts = [
        *_of_the_rows(found, left_out, markers),
        *target.doubts,
        *_chosen(ask, time, id_, facts, kept),
        *(doubt for name in kept for doubt in kept[name].doubts if name not in {time, id_}),
    ]
    _learns(said, ask.target)
    contract = valid(said)
    rows = typed(found.sample, contract, markers)
    contract, more = _without_leaks(contract, rows)
    return Draft(
        contract=contract,
        data=_data(contract, rows),
        doubts=(*doubts, *more),
        examples={name: one.examples[:EXAMPLES] for name, one in facts.items()},
    )


def _learns(said: Mapping[str, Any], target: str) -> None:
    others = {n: one for n, one in said["columns"].items() if n not in {target, said["id"]}}
    why = [f"'{n}' ({one.why})" for n, one in others.items() if one.role or one.type == "string"]
    if len(why) == len(others):
        raise DataError(
            f"no column is left from which '{target}' could be learnt:"
            f" {', '.join(why[:10]) or 'there is no other'}"
        )


def valid(said: Mapping[str, Any]) -> Contract:
    """The contract that these values make.

    Raises:
        ConfigError: they make none.
    """
    try:
        return Contract.model_validate(said)
    except ValidationError as error:
        raise ConfigError(explain(error, "the contract that was inferred")) from None


def _said(
    ask: Ask,
    found: Look,
    target: Target,
    kept: Mapping[str, Guess],
    time: str | None,
    id_: str | None,
    markers: frozenset[str],
) -> dict[str, Any]:
    """The contract's values, the named columns first."""
    source = found.source.model_dump(exclude_defaults=True)
    if markers:
        source["missing"] = sorted(markers)
    if id_ is None and "sql" not in source:
        source["repeats"] = "keep"
    if formats := {n: one.format for n, one in kept.items() if one.format and n != id_}:
        source["formats"] = formats
    columns = {name: one.column for name, one in kept.items()}
    if id_ is not None:
        whole = columns[id_].type == "integer"
        columns[id_] = Column(type="integer" if whole else "string")
    named = [name for name in (ask.target, id_, time) if name is not None]
    ordered = {name: columns[name] for name in [*named, *(n for n in columns if n not in named)]}
    return {
        "name": ask.name or _slug(f"{source_name(ask)}-{ask.target}"),
        "task": target.task,
        "target": ask.target,
        "positive": target.positive,
        "labels": target.labels,
        "id": id_,
        "time": time,
        "timezone": ask.timezone,
        "sources": {source_name(ask): source},
        "columns": ordered,
    }


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:63].strip("-") or "model"


def _of_the_rows(
    found: Look, left_out: Mapping[str, str], markers: frozenset[str]
) -> Iterable[str]:
    for name, why in {**found.unreadable, **left_out}.items():
        yield f"`{name}` is left out: {why}"
    if said := sorted({marker.strip() for marker in markers} - {""}):
        yield f"{', '.join(map(repr, said))} mean that a value is missing"
    if found.n_broken:
        total = found.n_broken + found.n_rows
        yield f"{found.n_broken:,} of {total:,} records are no rows ({found.broken}): rejected"
    if found.n_repeats:
        yield f"{found.n_repeats:,} rows say in every column what an earlier one says"
    spaced = [name for name in found.watches if name != name.strip()]
    if spaced:
        yield f"names with spaces around them, as {spaced[0]!r}, must be sent so to the server"


def _chosen(
    ask: Ask,
    time: str | None,
    id_: str | None,
    facts: Mapping[str, Facts],
    kept: Mapping[str, Guess],
) -> Iterable[str]:
    """What was decided without being said."""
    if time is not None and ask.time is None:
        yield f"`{time}` is taken as the time by which rows are split; say --time for another"
    if time is not None:
        yield from kept[time].doubts
    elif stamps := [name for name, one in kept.items() if one.column.type == "timestamp"]:
        yield f"rows are split by chance; say --time {stamps[0]} to train on the past"
    if id_ is not None and ask.id is None:
        yield f"`{id_}` is taken as the id; say --id for another"
    for name in kept:
        words = words_of(name)
        if name == id_ or not (GROUPS & set(words) and {"id", "key", "number", "no"} & set(words)):
            continue
        if not facts[name].unique:
            said = "{by: group, group: " + name + "}"
            yield f"rows of one `{name}` may lie in training and test; in data.yaml say split: {said}"


def _without_leaks(contract: Contract, rows: pa.Table) -> tuple[Contract, list[str]]:
    """Exclude what alone predicts the target, unless nothing would be left."""
    found = dict(leaks(rows, contract))
    doubts = []
    if found and len(found) < len([n for n in contract.features if n != contract.time]):
        said = contract.model_dump(mode="json", exclude_defaults=True)
        for name in found:
            why = f"alone predicts {contract.target} ({found[name]:.3f} of 1)"
            said["columns"][name] |= {"leaks": True, "why": why}
            doubts.append(
                f"`{name}` alone predicts `{contract.target}`: a leak? it is excluded until you say"
                " otherwise (delete leaks: true)"
            )
        contract = valid(said)
    else:
        doubts += [
            f"`{name}` alone predicts `{contract.target}`: is it known before?" for name in found
        ]
    doubts += [f"`{one}` is almost `{two}`: one may do" for one, two in twins(rows, contract)]
    return contract, doubts


def _data(contract: Contract, rows: pa.Table) -> dict[str, Any]:
    cut = days(contract, rows)
    split: dict[str, Any] = {"by": "hash"}
    if cut is not None:
        split = {"validation_from": cut[0], "test_from": cut[1]}
    return {
        "directory": "data",
        "driving": next(iter(contract.sources)),
        "split": split,
        "max_rejected_fraction": 0.05,
        "memory_limit": "500MB",
    }


def amended(draft: Draft, change: str) -> Draft:
    """The draft with one change of the person: ``column=type`` or ``-column``.

    Raises:
        ConfigError: there is no such column or type, or the contract would not be valid.
    """
    name, _, kind = change.rpartition("=") if not change.startswith("-") else (change[1:], "", "")
    name = name.strip()
    if name not in draft.contract.columns:
        raise ConfigError(f"there is no column '{name}'; say column=type, or -column to exclude it")
    said = draft.contract.model_dump(mode="json", exclude_defaults=True)
    if kind.strip() != "timestamp":
        for source in said["sources"].values():
            source.get("formats", {}).pop(name, None)
    column: dict[str, Any] = {"type": kind.strip() or "string", "nullable": True}
    if not kind:
        column |= {"role": "excluded", "why": "excluded by hand"}
    elif kind.strip() not in {"category", "string"}:
        column["on_violation"] = {"type": "null"}
    said["columns"][name] = column
    return replace(draft, contract=valid(said))
