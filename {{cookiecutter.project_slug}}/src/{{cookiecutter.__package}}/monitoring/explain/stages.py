"""One logged row through every stage again: what each made of it, and which differs from the log."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from ...config import Config
from ...contract import Column, Contract
from ...errors import DataError
from ...log.live import read_rows
from ...models.bundle import Bundle, open_bundle, parity_error
from ...models.inputs import Inputs, from_columns
from ...models.versions import Versions
from ...terminal import say, table
from ...values import MISSING_TIME, canonical_category
from .trace import Trace, trace_of

CLOSE = 1e-5  # float32 keeps seven digits; the graph's own tolerance
MOST_SHOWN = 24
PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "float": (int, float),
    "boolean": (bool,),
    "category": (str,),
    "string": (str,),
    "timestamp": (datetime,),
}


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What one stage made of the row."""

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[object, ...]]
    differs: str = ""
    """How it is not what was logged, or recorded; empty where it is."""


def run(config: Config, name: str, request_id: str | None = None, row: int = 0) -> list[Stage]:
    """Print every stage of a logged row, and name the first that differs.

    Raises:
        DataError: no such row was logged.
        RegistryError: the version that answered is not there any more.
        BundleError: its bundle is damaged, or answers its golden rows otherwise than recorded.
    """
    record = find(config.monitor.log, name, request_id, row)
    versions = Versions(config.train.bundles, name)
    version = versions.get(record["version"])
    bundle = open_bundle(versions.folder / version.bundle)
    say(
        f"row       {record['row']} of request {record['request_id']}, answered {record['time']}"
        f" by {name} version {version.number} at {record.get('path', '–')}"
    )
    say(f"bundle    {bundle.path}; its golden rows have the predictions that were recorded")
    stages = list(stages_of(bundle, record))
    for number, stage in enumerate(stages, start=1):
        table(f"{number}  {stage.title}", stage.header, stage.rows)
        if stage.differs:
            say(f"differs   {stage.differs}")
    first = next(((n, s) for n, s in enumerate(stages, start=1) if s.differs), None)
    if first is None:
        say(f"same      all {len(stages)} stages agree with what was logged")
    else:
        say(f"first     stage {first[0]}, {first[1].title}: {first[1].differs}")
    return stages


def find(folder: Path, name: str, request_id: str | None, row: int) -> dict[str, Any]:
    """The row as it was answered last; without an id, of the request that was answered last.

    Raises:
        DataError: there is none.
    """
    answered = (record for record in read_rows(folder, request_id) if record["model"] == name)
    requests = groupby(answered, lambda record: (record["request_id"], record["time"]))
    each = (list(rows) for _, rows in requests)  # one at a time: a log is large
    known = max(each, key=lambda rows: datetime.fromisoformat(rows[0]["time"]), default=[])
    if not known:
        asked = "" if request_id is None else f" with the request id '{request_id}'"
        raise DataError(
            f"'{folder}' holds no prediction by {name}{asked}; the id is the X-Request-ID of the"
            " answer; without one the newest row is explained: make explain"
        )
    for record in known:
        if record["row"] == row:
            return record
    asked = known[0]["request_id"]
    raise DataError(f"request '{asked}' has rows 0 to {len(known) - 1}, and none of number {row}")


def stages_of(bundle: Bundle, record: dict[str, Any]) -> Iterator[Stage]:
    """Request, contract, inputs, features, encoding, score, answer, decision."""
    contract = bundle.contract
    columns = {name: _cell(contract, name, record["columns"]) for name in contract.request}
    yield _request(contract, record)
    yield _checked(contract, columns)
    try:
        inputs = from_columns(contract, {name: [columns[name]] for name in contract.features}, 1)
    except (TypeError, ValueError):  # the contract has said of which column
        yield Stage(
            title="inputs of the graph",
            header=("",),
            rows=[],
            differs="they cannot be made of this",
        )
        return
    yield _grouped(contract, columns, inputs)
    trace = trace_of((bundle.path / "model.onnx").read_bytes(), contract, inputs)
    yield from _inner(contract, inputs, trace)
    yield from _answered(bundle, record, inputs, trace)


def _request(contract: Contract, record: dict[str, Any]) -> Stage:
    given = record["columns"]
    unknown = [name for name in given if name not in contract.request]
    return Stage(
        title="request, as it was logged",
        header=("column", "value", "unit"),
        rows=[(n, _text(given.get(n)), contract.columns[n].unit or "") for n in contract.request],
        differs=f"the contract knows no {', '.join(map(repr, unknown))}" if unknown else "",
    )


def _checked(contract: Contract, columns: dict[str, Any]) -> Stage:
    optional = {name for name in contract.request if contract.role(name) == "id"}
    broken = {
        name: broken_rule(contract.columns[name], value, optional=name in optional)
        for name, value in columns.items()
    }
    return Stage(
        title="contract",
        header=("column", "rules", "kept"),
        rows=[(n, _rules(contract.columns[n]), not broken[n]) for n in contract.request],
        differs="; ".join(f"{name} {why}" for name, why in broken.items() if why),
    )


def broken_rule(column: Column, value: Any, *, optional: bool = False) -> str:
    """How a value breaks its column's rules; empty where it keeps them."""
    if value is None:
        return "" if column.nullable or optional else "is missing, and must not be"
    right = isinstance(value, PYTHON_TYPES[column.type])
    if not right or (isinstance(value, bool) and column.type != "boolean"):
        return f"is {_text(value)!r}, which is no {column.type}"
    if column.minimum is not None and value < column.minimum:
        return f"is {_text(value)}, below the minimum {column.minimum:g}"
    if column.maximum is not None and value > column.maximum:
        return f"is {_text(value)}, above the maximum {column.maximum:g}"
    if column.allowed is not None and value not in column.allowed:
        return f"is {value!r}; allowed are {', '.join(column.allowed)}"
    return ""


def _grouped(contract: Contract, columns: dict[str, Any], inputs: Inputs) -> Stage:
    rows: list[tuple[object, ...]] = []
    changed = []
    groups = (
        ("numeric", contract.numeric, inputs.numeric[0].tolist()),
        ("category", contract.category, inputs.category[0].tolist()),
        ("time", contract.times, inputs.time[0].tolist()),
    )
    for group, names, values in groups:
        for name, value in zip(names, values, strict=True):
            rows.append((name, group, _input_text(group, value)))
            given = columns[name]
            if given is not None and not _kept(group, given, value):
                changed.append(f"{name} was {_text(given)!r} and is {value!r} to the graph")
    return Stage(
        title="inputs of the graph",
        header=("column", "group", "value"),
        rows=rows,
        differs="; ".join(changed),
    )


def _kept(group: str, given: Any, value: Any) -> bool:
    if group == "numeric":
        return bool(np.isclose(value, float(given), rtol=CLOSE, atol=0))
    return group == "time" or bool(given == value)


def _inner(contract: Contract, inputs: Inputs, trace: Trace) -> Iterator[Stage]:
    """What the graph makes of the inputs, as far as it shows it."""
    if trace.codes is not None:
        texts = inputs.category[0].tolist()
        coded = zip(contract.category, texts, trace.codes.astype(int).tolist(), strict=True)
        yield Stage(
            title="categories as codes",
            header=("column", "value", "code", "seen in training"),
            rows=[(name, text, code, code != 0) for name, text, code in coded],
        )
    if trace.numbers is not None and trace.computed is not None:
        pairs = list(zip(trace.names, trace.numbers, trace.computed, strict=True))
        other = [n for n, a, b in pairs if not np.isclose(a, b, CLOSE, CLOSE, equal_nan=True)]
        what = f"{', '.join(other)}: features.py or the calendar is not what it was in training"
        yield Stage(
            title="numbers, with those of the calendar and of features.py",
            header=("column", "in the graph", "by the code as it is now"),
            rows=[(name, _number(graph), _number(code)) for name, graph, code in pairs],
            differs=what if other else "",
        )
    if trace.encoded is not None:
        names = (*trace.names, *contract.category)
        yield _encoded(trace.encoded, names if len(names) == len(trace.encoded) else None)


def _encoded(encoded: Any, names: Sequence[str] | None) -> Stage:
    """Named where each is a column, as trees take them; else those that are not zero."""
    if names is not None:
        rows = [(name, _number(value)) for name, value in zip(names, encoded, strict=True)]
        return Stage(title="matrix that the model takes", header=("column", "value"), rows=rows)
    active = np.flatnonzero(encoded)
    shown = [(f"#{place}", _number(encoded[place])) for place in active[:MOST_SHOWN]]
    more = [("…", f"{len(active) - MOST_SHOWN} more")] if len(active) > MOST_SHOWN else []
    title = f"encoding that the first layer takes: {len(active)} of {len(encoded)} are not zero"
    return Stage(title=title, header=("place", "value"), rows=[*shown, *more])


def _answered(
    bundle: Bundle, record: dict[str, Any], inputs: Inputs, trace: Trace
) -> Iterator[Stage]:
    task = bundle.task
    if trace.raw is not None:
        named = [("raw", trace.raw), ("after temperature and offset", trace.logits)]
        yield Stage(
            title="score of the model",
            header=("step", "value"),
            rows=[(name, _numbers(values)) for name, values in named if values is not None],
        )
    outputs = bundle.predict(inputs)
    usual = np.broadcast_to(np.array(bundle.metadata["fallback"], np.float32), outputs.shape)
    expected = usual if record.get("fallback") else outputs
    logged = np.array([record[task.output]], np.float64)
    error = float("inf")
    if logged.shape == expected.shape:
        error = parity_error(logged, expected, task.scale(expected))
    yield Stage(
        title="answer" + (", which the fallback gave" if record.get("fallback") else ""),
        header=("", task.output),
        rows=[("logged", _numbers(logged[0])), ("now", _numbers(expected[0]))],
        differs="" if error <= 1 else f"{error:,.0f} times as far apart as rounding explains",
    )
    decisions = [_text(task.decisions(given)[0]) for given in (logged, expected)]
    threshold = "" if task.threshold is None else f" from {task.threshold:.4f} on"
    yield Stage(
        title=f"decision{threshold}",
        header=("", "decision"),
        rows=[("of the logged answer", decisions[0]), ("now", decisions[1])],
        differs="" if decisions[0] == decisions[1] else f"{decisions[0]}, and now {decisions[1]}",
    )


def _cell(contract: Contract, name: str, columns: dict[str, Any]) -> Any:
    value = columns.get(name)
    if contract.columns[name].type == "timestamp" and isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            raise DataError(f"the log holds {value!r} as the time '{name}'") from None
    return value


def _rules(column: Column) -> str:
    bounds = [
        f"{sign} {bound:g}"
        for sign, bound in (("≥", column.minimum), ("≤", column.maximum))
        if bound is not None
    ]
    allowed = [] if column.allowed is None else [f"one of {', '.join(column.allowed)}"]
    return ", ".join([column.type, *bounds, *allowed, *(["may be missing"] * column.nullable)])


def _input_text(group: str, value: Any) -> str:
    if group == "time":
        return "missing" if value == MISSING_TIME else f"{datetime.fromtimestamp(value, UTC)}"
    return _number(value) if group == "numeric" else canonical_category(value)


def _numbers(values: Any) -> str:
    return ", ".join(_number(value) for value in np.ravel(values))


def _number(value: Any) -> str:
    return "missing" if value != value else f"{float(value):.6g}"


def _text(value: Any) -> str:
    return "missing" if value is None else str(value)
