"""One logged row through every stage again: what each made of it, and which differs from the log."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import ModelProto

from ...config import Config
from ...contract import Contract
from ...errors import DataError
from ...log.live import read_rows
from ...models.bundle import Bundle, open_bundle, open_session
from ...models.graph import NAMES
from ...models.inputs import Inputs, from_rows
from ...models.versions import Versions
from ...terminal import say, table
from ...values import MISSING_TIME, canonical_category

INPUTS, INNER = "inputs of the graph", ("codes", "numbers", "raw")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What one stage made of the row."""

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[object, ...]] = ()
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
    stages, first = list(stages_of(bundle, record)), ""
    for number, stage in enumerate(stages, start=1):
        table(f"{number}  {stage.title}", stage.header, stage.rows)
        if stage.differs:
            say(f"differs   {stage.differs}")
            first = first or f"first     stage {number}, {stage.title}: {stage.differs}"
    say(first or f"same      all {len(stages)} stages agree with what was logged")
    return stages


def find(folder: Path, name: str, request_id: str | None, row: int) -> dict[str, Any]:
    """The row as it was answered last; without an id, of the request that was answered last.

    Raises:
        DataError: there is none.
    """
    answered = (record for record in read_rows(folder, request_id) if record["model"] == name)
    requests = groupby(answered, lambda record: (record["request_id"], record["time"]))
    each = (list(rows) for _, rows in requests)  # one at a time: a log is large
    newest = max(each, key=lambda rows: datetime.fromisoformat(rows[0]["time"]), default=[])
    if not newest:
        which = "" if request_id is None else f" with the request id '{request_id}'"
        raise DataError(
            f"'{folder}' holds no prediction by {name}{which}; the id is the X-Request-ID of the"
            " answer; without one the newest row is explained: make explain"
        )
    for record in newest:
        if record["row"] == row:
            return record
    last = len(newest) - 1
    raise DataError(
        f"request '{newest[0]['request_id']}' has rows 0 to {last}, and none of number {row}"
    )


def stages_of(bundle: Bundle, record: dict[str, Any]) -> Iterator[Stage]:
    """Request, inputs, codes, numbers, score, answer, decision."""
    contract = bundle.contract
    columns = {name: _cell(contract, name, record["columns"]) for name in contract.request}
    yield _request(contract, record["columns"])
    texts = {name: canonical_category(columns[name]) for name in contract.category}
    try:
        inputs = from_rows(contract, [columns | texts])
    except (AttributeError, TypeError, ValueError) as error:
        yield Stage(title=INPUTS, header=("",), differs=f"they cannot be made of this: {error}")
        return
    yield _inputs(contract, columns, inputs)
    yield from _inner(contract, inputs, (bundle.path / "model.onnx").read_bytes())
    yield from _answered(bundle, record, inputs)


def _request(contract: Contract, logged: dict[str, Any]) -> Stage:
    unknown = [name for name in logged if name not in contract.request]
    return Stage(
        title="request, as it was logged",
        header=("column", "value", "unit"),
        rows=[(n, _text(logged.get(n)), contract.columns[n].unit or "") for n in contract.request],
        differs=f"the contract knows no {', '.join(map(repr, unknown))}" if unknown else "",
    )


def _inputs(contract: Contract, columns: dict[str, Any], inputs: Inputs) -> Stage:
    numbers = zip(contract.numeric, inputs.numeric[0].tolist(), strict=True)
    texts = dict(zip(contract.category, inputs.category[0].tolist(), strict=True))
    times = zip(contract.times, inputs.time[0].tolist(), strict=True)
    changed = [
        f"{name} was {_text(columns[name])!r} and is {text!r} to the graph"
        for name, text in texts.items()
        if columns[name] not in (None, text)
    ]
    return Stage(
        title=INPUTS,
        header=("column", "value"),
        rows=[
            *((name, _number(value)) for name, value in numbers),
            *texts.items(),
            *((name, _time(seconds)) for name, seconds in times),
        ],
        differs="; ".join(changed),
    )


def _inner(contract: Contract, inputs: Inputs, graph: bytes) -> Iterator[Stage]:
    """What the graph makes of the inputs, in the stages that it names."""
    model = onnx.load_from_string(graph)
    values = trace(model, inputs)
    if "codes" in values:
        coded = zip(contract.category, inputs.category[0], values["codes"].tolist(), strict=True)
        yield Stage(
            title="categories as codes",
            header=("column", "value", "code", "seen in training"),
            rows=[(name, text, code, code != 0) for name, text, code in coded],
        )
    if "numbers" in values:
        names = next(json.loads(prop.value) for prop in model.metadata_props if prop.key == NAMES)
        numbers = zip(names, map(_number, values["numbers"]), strict=True)
        title = "numbers, with those of the calendar and of features.py"
        yield Stage(title=title, header=("column", "value"), rows=list(numbers))
    if "raw" in values:
        rows = [("raw", _numbers(values["raw"]))]
        yield Stage(title="score of the model", header=("step", "value"), rows=rows)


def trace(model: ModelProto, row: Inputs) -> Mapping[str, npt.NDArray[Any]]:
    """The values of one row in those stages that the graph names."""
    made = {name for node in model.graph.node for name in node.output}
    stages = [stage for stage in INNER if stage in made]
    if not stages:
        return {}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in stages)
    results = open_session(model.SerializeToString()).run(stages, row.feed())
    return {stage: result[0] for stage, result in zip(stages, results, strict=True)}


def _answered(bundle: Bundle, record: dict[str, Any], inputs: Inputs) -> Iterator[Stage]:
    task, outputs = bundle.task, bundle.predict(inputs)
    logged = np.array([record[task.output]], np.float64)
    error = float("inf")
    if logged.shape == outputs.shape:
        error = task.parity_errors(logged, outputs).max()
    yield Stage(
        title="answer",
        header=("", task.output),
        rows=[("logged", _numbers(logged[0])), ("now", _numbers(outputs[0]))],
        differs="" if error <= 1 else f"{error:,.0f} times as far apart as rounding explains",
    )
    before, now = (_text(task.decisions(values)[0]) for values in (logged, outputs))
    threshold = f" from {task.threshold:.4f} on" if task.kind == "binary" else ""
    yield Stage(
        title=f"decision{threshold}",
        header=("", "decision"),
        rows=[("of the logged answer", before), ("now", now)],
        differs="" if before == now else f"{before}, and now {now}",
    )


def _cell(contract: Contract, name: str, columns: dict[str, Any]) -> Any:
    value = columns.get(name)
    if contract.columns[name].type == "timestamp" and isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            raise DataError(f"the log holds {value!r} as the time '{name}'") from None
    return value


def _time(seconds: int) -> str:
    return "missing" if seconds == MISSING_TIME else f"{datetime.fromtimestamp(seconds, UTC)}"


def _numbers(values: Any) -> str:
    return ", ".join(_number(value) for value in np.ravel(values))


def _number(value: Any) -> str:
    return "missing" if value != value else f"{float(value):.6g}"


def _text(value: Any) -> str:
    return "missing" if value is None else str(value)
