"""The rules that a contract has for the values of a column: one entry says all that there is to say.

Tables, requests, pages and tests read this one list; a rule that is added here holds everywhere.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil, floor
from typing import Any, Literal

from annotated_types import Ge, Le

from .contract import Contract


@dataclass(frozen=True, kw_only=True)
class ColumnRule:
    """One rule; its ``bound`` is a least number or a list of values, ``None`` where it is no rule."""

    name: str
    bound: Callable[[Contract, str], Any]  # what the contract says of a column
    broken: Callable[[Any, Any], Any]  # where a column's polars expression breaks the bound
    reason: Callable[[Any], str]  # why a row that breaks it is rejected
    request: Callable[[Any], tuple[Any, ...]] = lambda _: ()  # annotations of a request's field
    description: Callable[[Any], str | None] = lambda _: None  # how it reads to a person
    breaking: Callable[[Any], Any]  # a value that breaks this rule and no other


def _required(contract: Contract, name: str) -> bool | None:
    may_be_missing = contract.columns[name].nullable or name == contract.target
    return True if contract.role(name) in {"id", "time"} or not may_be_missing else None


def _allowed(contract: Contract, name: str) -> tuple[str, ...] | None:
    labels = contract.labels if name == contract.target else None
    return labels or contract.columns[name].allowed


RULES = (
    ColumnRule(
        name="missing",
        bound=_required,
        broken=lambda values, _: values.is_null(),
        reason=lambda _: "missing",
        breaking=lambda _: None,
    ),
    ColumnRule(
        name="minimum",
        bound=lambda contract, name: contract.columns[name].minimum,
        broken=lambda values, bound: values < bound,
        reason=lambda bound: f"below minimum {bound:g}",
        request=lambda bound: (Ge(bound),),
        description=lambda bound: f"from {bound:g}",
        breaking=lambda bound: floor(bound - 1 - abs(bound) / 1e6),
    ),
    ColumnRule(
        name="maximum",
        bound=lambda contract, name: contract.columns[name].maximum,
        broken=lambda values, bound: values > bound,
        reason=lambda bound: f"above maximum {bound:g}",
        request=lambda bound: (Le(bound),),
        description=lambda bound: f"to {bound:g}",
        breaking=lambda bound: ceil(bound + 1 + abs(bound) / 1e6),
    ),
    ColumnRule(
        name="allowed",
        bound=_allowed,
        broken=lambda values, bound: ~values.is_in(list(bound)),
        reason=lambda _: "not one of the allowed values",
        request=lambda bound: (Literal[bound],),
        description=lambda bound: f"one of {', '.join(bound)}",
        breaking=lambda _: "<not allowed>",
    ),
)


def rules_of(contract: Contract, name: str) -> Iterator[tuple[ColumnRule, Any]]:
    """The rules of a column, each with its bound."""
    for rule in RULES:
        bound = rule.bound(contract, name)
        if bound is not None:
            yield rule, bound


def descriptions(contract: Contract, name: str) -> list[str]:
    """A column's unit and rules, each in a few words."""
    column = contract.columns[name]
    parts = ["may be missing" if column.nullable else None]
    parts += [rule.description(bound) for rule, bound in rules_of(contract, name)]
    return [part for part in (*parts, column.unit) if part]
