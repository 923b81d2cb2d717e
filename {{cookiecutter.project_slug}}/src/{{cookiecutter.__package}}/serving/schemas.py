"""Request bodies, derived from the contract: strict, and refused at a cost that their size bounds.

A body is parsed once, looked at, and validated once. A validator of JSON bytes makes an error for each
unknown key: 4 MB of them took 11 s. So a row with more keys than there are columns is refused by its
length, and validation ends at the first row that is not valid. Rows are typed dictionaries, not
models: any column name is a valid key, even ``_x``, ``class`` or ``model_config``.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Annotated, Any, NotRequired

from annotated_types import Ge, Le, Len
from pydantic import (
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import CoreSchema, core_schema, from_json
from typing_extensions import TypedDict

from ..contract import Contract
from ..rules import descriptions, rules_of
from ..values import canonical_category
from .problems import MAX_FAULTS, Fault, ProblemError, fault_of, invalid

MAX_TEXT, MAX_NAME = 1_000, 100
INT64 = (-(2**63), 2**63 - 1)  # as wide as an integer in a file
TEXT = Annotated[str, Len(0, MAX_TEXT)]
STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
ISO = r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)$"
"""pydantic, strict too, reads "20131220" as seconds since 1970."""
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Query:
    """A prediction request that is valid."""

    rows: list[Row]
    probabilities: bool


class Schemas:
    """Reads the bodies that a contract allows."""

    def __init__(self, contract: Contract, max_rows: int) -> None:
        options = {} if contract.task == "regression" else {"probabilities": NotRequired[bool]}
        row, label = row_type(contract), _label_type(contract)
        self._max_rows = max_rows
        self._known = frozenset(contract.request)
        self.predict = _adapter("Predict", {"rows": _rows_of(row, max_rows), **options})
        columns = _columns_type(contract, max_rows)
        self.columns = _adapter("PredictColumns", {"columns": columns, **options})
        self.feedback = _adapter("Feedback", {"labels": _rows_of(label, max_rows)})

    def read_rows(self, body: bytes) -> Query:
        """Rows that are to be predicted.

        Raises:
            ProblemError: the body is not valid.
        """
        given = _parsed(body, "rows", list)
        self._check_rows(given["rows"], "rows", self._known)
        _refuse_repeated_keys(body, [given, *given["rows"]])
        return _query(_validated(self.predict, given), "rows")

    def read_columns(self, body: bytes) -> Query:
        """The same, sent as a list for each column.

        Raises:
            ProblemError: the body is not valid.
        """
        given = _parsed(body, "columns", dict)
        columns = given["columns"]
        _check_names("columns", columns, self._known)
        lengths = {len(values) for values in columns.values() if type(values) is list}
        if len(lengths) != 1:
            raise invalid(
                Fault(field="columns", rule="lengths", message="send lists of one length")
            )
        if max(lengths) > self._max_rows:
            raise self._too_long("columns")
        _refuse_repeated_keys(body, [given, columns])
        query = _validated(self.columns, given)
        names, lists = tuple(query["columns"]), query["columns"].values()
        rows = [dict(zip(names, row, strict=True)) for row in zip(*lists, strict=True)]
        return _query({**query, "rows": rows}, "rows")

    def read_labels(self, body: bytes) -> list[Row]:
        """Labels that became known.

        Raises:
            ProblemError: the body is not valid.
        """
        given = _parsed(body, "labels", list)
        self._check_rows(given["labels"], "labels", frozenset(("id", "request_id", "row", "label")))
        _refuse_repeated_keys(body, [given, *given["labels"]])
        labels: list[Row] = _validated(self.feedback, given)["labels"]
        return labels

    def _check_rows(self, rows: list[Any], name: str, known: frozenset[str]) -> None:
        if len(rows) > self._max_rows:
            raise self._too_long(name)
        for number, row in enumerate(rows):
            if type(row) is dict:
                _check_names(f"{name}.{number}", row, known)

    def _too_long(self, name: str) -> ProblemError:
        message = f"a request may have {self._max_rows:,} rows; send several requests"
        return invalid(Fault(field=name, rule="too_long", message=message))


def row_type(contract: Contract) -> Any:
    """The typed dictionary of a request's row: each column with its rules."""
    fields: dict[str, Any] = {}
    for name in contract.request:
        value: Any = _value(contract, name)
        value = Annotated[value, Field(description=_description(contract, name))]
        fields[name] = NotRequired[value | None] if is_optional(contract, name) else value
    return _closed("Row", fields)


def is_optional(contract: Contract, name: str) -> bool:
    """Whether a request may leave a column out, or null."""
    return contract.columns[name].nullable or contract.role(name) == "id"


def _columns_type(contract: Contract, max_rows: int) -> Any:
    fields: dict[str, Any] = {}
    for name in contract.request:
        value: Any = _value(contract, name)
        optional = is_optional(contract, name)
        values: Any = list[value | None] if optional else list[value]
        described = Annotated[
            values, FailFast(), Len(1, max_rows), Field(description=_description(contract, name))
        ]
        fields[name] = NotRequired[described] if optional else described
    return _closed("Columns", fields)


def _label_type(contract: Contract) -> Any:
    """Which row, and the target's value."""
    if contract.id is not None:
        row: dict[str, Any] = {"id": _value(contract, contract.id)}
    else:
        request = Annotated[
            str, Len(1, MAX_NAME), Field(description="X-Request-ID of the prediction.")
        ]
        place = Annotated[
            int, Ge(0), Field(description="Which of its rows, from 0; 0 unless given.")
        ]
        row = {"request_id": request, "row": NotRequired[place]}
    return _closed("Label", {**row, "label": _value(contract, contract.target)})


def _rows_of(row: Any, max_rows: int) -> Any:
    return Annotated[list[row], FailFast(), Len(1, max_rows)]


def _adapter(name: str, fields: dict[str, Any]) -> TypeAdapter[dict[str, Any]]:
    return TypeAdapter(_closed(name, fields))


def _closed(name: str, fields: dict[str, Any]) -> Any:
    """A typed dictionary made at run time, strict, that takes no other keys."""
    make: Any = TypedDict  # the type checker knows only those written out
    made = make(name, fields)
    made.__pydantic_config__ = STRICT
    return made


def _value(contract: Contract, name: str) -> Any:
    """The type of a column's values with the rules that a single value can be held to."""
    column = contract.columns[name]
    bounds = {rule.name: rule.request(bound) for rule, bound in rules_of(contract, name)}
    rules = [*bounds.get("minimum", ()), *bounds.get("maximum", ())]
    if column.type == "integer":
        rules += [Ge(INT64[0])] * ("minimum" not in bounds) + [Le(INT64[1])] * (
            "maximum" not in bounds
        )
        return Annotated[int, *rules, BeforeValidator(_whole)]
    if column.type == "float":
        return Annotated[float, *rules] if rules else float
    if column.type == "boolean":
        return bool
    if column.type == "timestamp":
        return Annotated[datetime, _IsoTime()]
    if column.type == "string":
        return TEXT
    (values,) = bounds.get("allowed", (TEXT,))
    sent = values if "allowed" in bounds else TEXT | float | bool
    return Annotated[values, BeforeValidator(_category, json_schema_input_type=sent)]


class _IsoTime:
    """A time with its zone, written as ISO 8601 and in no other way."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        text = core_schema.str_schema(strict=True, pattern=ISO)
        time = core_schema.datetime_schema(strict=False, tz_constraint="aware")
        return core_schema.custom_error_schema(
            core_schema.chain_schema([text, time]),
            "timestamp",
            custom_error_message="Input should be a time as 2024-12-31T23:59:59+01:00, with its zone",
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}


def _whole(value: object) -> object:
    """An integer, which JSON may write as 2.0, too."""
    return int(value) if type(value) is float and value.is_integer() else value


def _category(value: object) -> object:
    """A number or boolean sent for a category is its canonical text, as in files; NaN is neither."""
    if isinstance(value, str | bool | int) or (isinstance(value, float) and value - value == 0):
        return canonical_category(value)
    return value


def _description(contract: Contract, name: str) -> str:
    return ", ".join([contract.columns[name].type, *descriptions(contract, name)])


def _parsed(body: bytes, name: str, kind: type) -> dict[str, Any]:
    """The body's object, whose ``name`` is of the right kind."""
    try:
        given = from_json(body)
    except ValueError as error:
        raise invalid(Fault(field="body", rule="json_invalid", message=str(error))) from None
    if type(given) is not dict or type(given.get(name)) is not kind:
        shape = f'a body is an object as {{"{name}": {"[…]" if kind is list else "{…}"}}}'
        raise invalid(Fault(field="body", rule="shape", message=shape))
    _check_names("body", given, frozenset((name, "probabilities")))
    return given


def _check_names(where: str, given: Mapping[str, Any], known: frozenset[str]) -> None:
    """Refuse an object of more keys than are known, without a look at its values."""
    if len(given) > len(known):
        unknown = islice((key for key in given if key not in known), MAX_FAULTS)
        raise invalid(
            *(fault_of((where, key), "extra_forbidden", "no such name") for key in unknown)
        )


def _validated(adapter: TypeAdapter[dict[str, Any]], given: dict[str, Any]) -> dict[str, Any]:
    try:
        return adapter.validate_python(given)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise invalid(*(fault_of(one["loc"], one["type"], one["msg"]) for one in found)) from None


def _query(valid: Mapping[str, Any], name: str) -> Query:
    return Query(rows=valid[name], probabilities=valid.get("probabilities", False))


def _refuse_repeated_keys(body: bytes, objects: Iterable[Any]) -> None:
    """Refuse a key that an object has twice, of which a parser silently takes the last.

    Keys are counted by quote and colon; where there may be more than were read, the body is looked
    through.
    """
    n_keys = sum(len(one) for one in objects if type(one) is dict)
    if body.count(b'":') == n_keys and b"\\" not in body and not any(s in body for s in SPACED):
        return

    def once(pairs: list[tuple[str, Any]]) -> None:
        if len(dict(pairs)) != len(pairs):
            name = Counter(name for name, _ in pairs).most_common(1)[0][0][:MAX_NAME]
            message = f"'{name}' stands twice in one object; send it once"
            raise invalid(Fault(field="body", rule="duplicate_key", message=message))

    json.loads(body, object_pairs_hook=once, parse_int=str, parse_float=str)


SPACED = (b'" :', b'"\n', b'"\r', b'"\t')
"""Between a key and its colon."""
