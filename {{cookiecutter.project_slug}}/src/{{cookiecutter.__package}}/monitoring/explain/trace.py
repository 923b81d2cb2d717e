"""What a graph computes on its way from a row to an answer, found by what its parts are called."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import ModelProto, NodeProto

from ...contract import Contract
from ...models.bundle import open_session
from ...models.calendar import Calendar
from ...models.front import Front
from ...models.inputs import Inputs

Values = npt.NDArray[np.float32]
FIRST_LAYERS = {"Gemm", "MatMul", "TreeEnsembleRegressor"}
LINKS = {"Sigmoid", "Softmax"}


@dataclass(frozen=True, kw_only=True)
class Trace:
    """One row's values between the graph's steps; ``None`` for what the graph shows no trace of,
    as one that was made elsewhere may not.
    """

    codes: Values | None
    """``[categories]``: the number of each category's value, 0 for one that training did not see."""
    names: tuple[str, ...]
    """What ``numbers`` and ``computed`` are."""
    numbers: Values | None
    """``[names]``: the row's numbers, the calendar's and those of ``features.py``, in the graph."""
    computed: Values | None
    """The same by this project's code as it is now."""
    encoded: Values | None
    """``[encoded]``: what the first layer, or the trees, take."""
    raw: Values | None
    """``[width]``: what the model gives, before temperature and offset."""
    logits: Values | None
    """The same after them."""
    uncalibrated: Values | None
    """Probabilities before the calibration's curve, where there is one."""


def trace_of(graph: bytes, contract: Contract, row: Inputs) -> Trace:
    """Run a graph on one row with its inner values exposed."""
    model = onnx.load_from_string(graph)
    places = {**_places(model), **{name: name for name in _joined(model)}}
    values = _run(model, set(places.values()), row)
    found = {stage: values[tensor][0].ravel() for stage, tensor in places.items()}
    names, computed = _by_code(contract, row, {len(found[name]) for name in _joined(model)})
    numbers = next((found[name] for name in _joined(model) if len(found[name]) == len(names)), None)
    if numbers is None and names == contract.numeric:
        numbers = row.numeric[0]  # nothing is derived, so nothing is joined
    return Trace(
        codes=found.get("codes"),
        names=names,
        numbers=numbers,
        computed=computed,
        encoded=found.get("encoded"),
        raw=found.get("raw"),
        logits=found.get("logits"),
        uncalibrated=found.get("uncalibrated"),
    )


def _places(model: ModelProto) -> dict[str, str]:
    """The tensors that hold each stage."""
    nodes = list(model.graph.node)
    places: dict[str, str] = {}
    for node in nodes:
        if "coded" in node.output:
            places["codes"] = "coded"
        if node.op_type == "Div" and node.input[1].endswith("head.temperature"):
            places["raw"] = node.input[0]
        if node.op_type == "Add" and node.input[1].endswith("head.offset"):
            places["logits"] = node.output[0]
    first = next((node for node in nodes if node.op_type in FIRST_LAYERS), None)
    if first is not None:
        places["encoded"] = first.input[0]
    links = [n.output[0] for n in _after(nodes, places.get("logits", "")) if n.op_type in LINKS]
    if links and links[0] != model.graph.output[0].name:
        places["uncalibrated"] = links[0]
    return places


def _after(nodes: list[NodeProto], tensor: str) -> Iterator[NodeProto]:
    """The nodes that take a tensor, and those that take what they give."""
    reached = {tensor}
    for node in nodes:
        if reached & set(node.input):
            reached |= set(node.output)
            yield node


def _joined(model: ModelProto) -> list[str]:
    """What may be the front's numbers: columns that were joined before the first layer."""
    joined = []
    for node in model.graph.node:
        if node.op_type in FIRST_LAYERS:
            break
        if node.op_type == "Concat" and "coded" not in node.output:
            joined.append(node.output[0])
    return joined


def _run(model: ModelProto, tensors: set[str], row: Inputs) -> dict[str, Values]:
    known = {value.name for value in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in sorted(tensors - known))
    session = open_session(model.SerializeToString())
    names = [value.name for value in session.get_outputs()]
    return dict(zip(names, session.run(None, row.feed()), strict=True))


@torch.no_grad()
def _by_code(
    contract: Contract, row: Inputs, widths: set[int]
) -> tuple[tuple[str, ...], Values | None]:
    """The front's names and numbers; whether it counts days of the year is told by the width."""
    if not contract.numeric and not contract.times:
        return (), None
    try:
        fronts = [Front(contract, Calendar(contract.zone, yearly=y), []) for y in (False, True)]
        given = fronts[0].tensors(row)
        given.pop("codes", None)
        front = next((front for front in fronts if len(front.names) in widths), fronts[0])
        return front.names, front(given)[0][0].numpy()
    except KeyError:  # features.py is by now about columns that this model does not have
        return (), None
