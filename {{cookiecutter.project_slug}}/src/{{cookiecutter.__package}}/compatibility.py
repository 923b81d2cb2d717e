"""Contracts for people and editors: shown, compared for callers, published as a JSON Schema."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .atomic import write_file
from .contract import Column, Contract
from .rules import descriptions
from .terminal import say, table

HEAD = ("name", "task", "target", "positive", "labels", "id", "time", "timezone")


@dataclass(frozen=True, kw_only=True)
class Change:
    """One difference."""

    key: str
    breaking: bool
    """Whether a request, file or model that was right by the old contract may be wrong by the new."""
    what: str


def compare(old: Contract, new: Contract) -> list[Change]:
    """Every difference, in the order of the new contract, removed columns last."""
    return [*_head(old, new), *_columns(old, new), *_sources(old, new)]


def show(contract: Contract) -> None:
    """Print the contract's row."""
    rows = [
        (name, contract.role(name), column.type, _rules(contract, name), column.why or "")
        for name, column in contract.columns.items()
    ]
    head = f"{contract.name}: {contract.target} = {contract.positive}, days in {contract.timezone}"
    table(head, ["column", "role", "type", "rules", ""], rows)


def show_changes(changes: Sequence[Change]) -> None:
    """Print the changes and the verdict."""
    if not changes:
        say("equal     nothing changed")
        return
    rows = [(c.key, "breaking" if c.breaking else "compatible", c.what) for c in changes]
    table("changes", ["key", "", "what"], rows)
    breaking = sum(change.breaking for change in changes)
    say(f"breaking  {breaking} of {len(changes)} changes" if breaking else "compatible")


def write_schema(path: Path) -> None:
    """Write the JSON Schema of ``contract.yaml``."""
    schema = json.dumps(Contract.model_json_schema(), indent=2, ensure_ascii=False)
    write_file(path, f"{schema}\n".encode())
    say(f"schema    {path}")


def _rules(contract: Contract, name: str) -> str:
    column = contract.columns[name]
    rules = [
        *descriptions(contract, name),
        None if column.on_violation == "reject" else _modes(column),
        "personal" if column.pii else None,
        "slice" if column.slice else None,
    ]
    return ", ".join(rule for rule in rules if rule)


def _modes(column: Column) -> str:
    """What broken rules do, where they do not reject the row."""
    modes = column.on_violation
    if isinstance(modes, str):
        return f"else {modes}"
    return ", ".join(f"{rule}: {mode}" for rule, mode in modes.items())


def _head(old: Contract, new: Contract) -> Iterator[Change]:
    for key in HEAD:
        before, after = getattr(old, key), getattr(new, key)
        if before != after:
            yield Change(key=key, breaking=True, what=f"{before!r} became {after!r}")


def _columns(old: Contract, new: Contract) -> Iterator[Change]:
    for name, column in new.columns.items():
        key = f"columns.{name}"
        if name in old.columns:
            sent = name in {*old.request, *new.request, old.target}
            if (before := old.role(name)) != (after := new.role(name)):
                what = f"{before} became {after}: the model and its callers see other columns"
                yield Change(key=f"{key}.role", breaking=sent, what=what)
            for change in _column(key, old.columns[name], column):
                yield change if sent else replace(change, breaking=False)
        elif name not in new.request:
            yield Change(key=key, breaking=False, what="is new; callers do not send it")
        else:
            optional = column.nullable or new.role(name) == "id"
            what = "may be left out" if optional else "callers do not send it yet"
            yield Change(key=key, breaking=not optional, what=f"is new; {what}")
    for name in old.columns:
        if name not in new.columns:
            sent = name in old.request
            what = "is gone; requests that send it are refused" if sent else "is gone"
            yield Change(key=f"columns.{name}", breaking=sent, what=what)


def _column(key: str, old: Column, new: Column) -> Iterator[Change]:
    for field, why in (
        ("type", "values are read differently"),
        ("unit", "the same number means something else"),
    ):
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            what = f"{before} became {after}: {why}"
            yield Change(key=f"{key}.{field}", breaking=True, what=what)
    if old.nullable != new.nullable:
        what = "may be missing now" if new.nullable else "may not be missing any more"
        yield Change(key=f"{key}.nullable", breaking=old.nullable, what=what)
    yield from _bound(f"{key}.minimum", old.minimum, new.minimum, sign=1)
    yield from _bound(f"{key}.maximum", old.maximum, new.maximum, sign=-1)
    yield from _allowed(f"{key}.allowed", old.allowed, new.allowed)
    for field in ("on_violation", "leaks", "pii", "slice", "why"):
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            yield Change(key=f"{key}.{field}", breaking=False, what=f"{before} became {after}")


def _bound(key: str, old: float | None, new: float | None, *, sign: int) -> Iterator[Change]:
    """``sign`` is 1 where a higher bound is tighter, −1 where a lower one is."""
    if old == new:
        return
    tighter = new is not None and (old is None or sign * new > sign * old)
    what = "values that were valid are refused" if tighter else "more values are valid"
    before, after = ("none" if bound is None else f"{bound:g}" for bound in (old, new))
    yield Change(key=key, breaking=tighter, what=f"{before} became {after}: {what}")


def _allowed(
    key: str, old: tuple[str, ...] | None, new: tuple[str, ...] | None
) -> Iterator[Change]:
    if old == new:
        return
    if new is None:
        yield Change(key=key, breaking=False, what="any value is valid now")
    elif old is None:
        yield Change(key=key, breaking=True, what=f"only {', '.join(new)} are valid now")
    else:
        gone = [value for value in old if value not in new]
        added = [value for value in new if value not in old]
        if gone:
            yield Change(key=key, breaking=True, what=f"{', '.join(gone)} not valid any more")
        if added:
            yield Change(key=key, breaking=False, what=f"{', '.join(added)} valid now")


def _sources(old: Contract, new: Contract) -> Iterator[Change]:
    for name in {**new.sources, **old.sources}:
        before, after = old.sources.get(name), new.sources.get(name)
        if before != after:
            what = (
                "is new"
                if before is None
                else "is gone" if after is None else "is read differently"
            )
            yield Change(key=f"sources.{name}", breaking=False, what=f"{what}; the row is the same")
