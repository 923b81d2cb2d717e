"""Blocks of the log's lines as columns, without a Python object for each value."""

import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from ..contract import Contract
from ..log.live import whole
from ..log.segments import SHADOW
from ..models.tasks import task_of
from ..values import canonical_category

LEAST_BLOCK = 1 << 20
TIME = pa.timestamp("us", "UTC")
KINDS = {
    "integer": pa.float64(),  # of which a column of floats may hold any
    "float": pa.float64(),
    "boolean": pa.bool_(),
    "category": pa.string(),
    "string": pa.string(),
    "timestamp": TIME,
}
Kinds = dict[str, pa.DataType]


def predictions_of(
    block: bytes, contract: Contract, version: int, *, shadow: bool = False
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """The rows that a version answered: their columns, and what each shares with its request.

    ``shadow`` takes also those that it was asked for beside the version that answered.

    The second table has ``request_id``, ``time``, ``row``, the place in the request, ``output``.
    """
    kinds = {name: _kind(contract, name) for name in contract.request}
    answer = pa.list_(pa.float64())
    output = task_of(contract).output
    schema = pa.schema(
        [
            ("request_id", pa.string()),
            ("time", TIME),
            ("model", pa.string()),
            ("version", pa.int64()),
            ("route", pa.string()),
            ("fallback", pa.bool_()),
            ("rows", pa.list_(pa.struct(list(kinds.items())))),
            ("columns", pa.struct([(name, pa.list_(kind)) for name, kind in kinds.items()])),
            (output, pa.list_(answer) if contract.task == "multiclass" else answer),
        ]
    )

    def ours(record: dict[str, Any]) -> bool:
        return record.get("model") == contract.name and record.get("version") == version

    table = _read(block, schema, ours, kinds)
    by_model = pc.and_(pc.equal(table["model"], contract.name), pc.equal(table["version"], version))
    table = table.filter(pc.and_not(by_model, pc.fill_null(table["fallback"], False)))
    if not shadow:
        table = table.filter(pc.fill_null(pc.not_equal(table["route"], SHADOW), True))
    given = pc.is_valid(table["rows"])
    for part in (table.filter(given), table.filter(pc.invert(given))):
        if len(part):
            yield _flat(part.combine_chunks(), output, kinds)


def labels_of(block: bytes, contract: Contract) -> pa.Table:
    """Outcomes: ``request_id``, ``time``, ``row``, ``id`` and ``label``."""
    kinds = {"label": _kind(contract, contract.target), "row": pa.int64()}
    if contract.id is not None:
        kinds["id"] = _kind(contract, contract.id)
    shared: Kinds = {"request_id": pa.string(), "time": TIME}
    return _read(block, pa.schema(list((shared | kinds).items())), lambda _: True, kinds)


def _kind(contract: Contract, name: str) -> pa.DataType:
    column = contract.columns[name]
    exact = name in (contract.id, contract.target) and column.type == "integer"
    return pa.int64() if exact else KINDS[column.type]


def _flat(part: pa.Table, output: str, kinds: Kinds) -> tuple[pa.Table, pa.Table]:
    answers = part[output].combine_chunks()
    parents = pc.list_parent_indices(answers).to_numpy()
    first = np.searchsorted(parents, np.arange(len(part)))
    if part["rows"].null_count == 0:
        columns = pc.list_flatten(part["rows"].combine_chunks()).flatten()
    else:
        lists = part["columns"].combine_chunks().flatten()
        columns = [_spread(values, parents, first) for values in lists]
    shared = {
        "request_id": part["request_id"].combine_chunks().take(pa.array(parents)),
        "time": part["time"].combine_chunks().take(pa.array(parents)),
        "row": pa.array(np.arange(len(parents)) - first[parents]),
        "output": pc.list_flatten(answers),
    }
    return pa.Table.from_arrays(columns, names=list(kinds)), pa.table(shared)


def _spread(lists: pa.ListArray, parents: Any, first: Any) -> pa.Array:
    """One value a row; a request that does not have the column has none of it."""
    if lists.null_count == 0:
        return lists.flatten()
    starts = np.concatenate([[0], np.cumsum(pc.fill_null(pc.list_value_length(lists), 0))[:-1]])
    at = starts[parents] + np.arange(len(parents)) - first[parents]
    absent = lists.is_null().to_numpy(zero_copy_only=False)[parents]
    return lists.flatten().take(pa.array(at, mask=absent))


def _read(block: bytes, schema: pa.Schema, ours: Any, kinds: Kinds) -> pa.Table:
    """The lines as a table; those torn or not ours are passed over where Arrow stumbles on one."""
    try:
        return _parsed(block, schema)
    except pa.ArrowInvalid:
        records = [record for line in block.splitlines() if (record := whole(line)) is not None]
        lines = [json.dumps(_canonical(record, kinds)) for record in records if ours(record)]
        return _parsed("\n".join(lines).encode(), schema)


def _parsed(block: bytes, schema: pa.Schema) -> pa.Table:
    if not block.strip():
        return schema.empty_table()
    longest = max(map(len, block.split(b"\n"))) + 2
    return pj.read_json(
        io.BytesIO(block),
        read_options=pj.ReadOptions(block_size=max(LEAST_BLOCK, longest)),
        parse_options=pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
    )


def _canonical(record: dict[str, Any], kinds: Kinds) -> dict[str, Any]:
    """Cells of each column in one type: categories as text."""

    def cell(name: str, value: Any) -> Any:
        if value is None or name not in kinds:
            return value
        return canonical_category(value) if kinds[name] == pa.string() else value

    if "rows" in record:
        rows = [{n: cell(n, v) for n, v in row.items()} for row in record["rows"]]
        return record | {"rows": rows}
    if "columns" in record:
        columns = {n: [cell(n, v) for v in vs] for n, vs in record["columns"].items()}
        return record | {"columns": columns}
    return {name: cell(name, value) for name, value in record.items()}
