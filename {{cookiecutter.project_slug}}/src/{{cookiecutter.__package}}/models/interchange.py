"""A bundle's graph for other servers: one named input per column, one output per number."""

from typing import Any

import onnx
import onnx.compose
import pandas as pd
from onnx import ModelProto, TensorProto, helper

from ..contract import Contract
from .bundle import Bundle
from .inputs import Inputs, from_columns

INSIDE = "program/"  # before every name of the graph, so that a column may have any


def interchange(bundle: Bundle) -> ModelProto:
    """The graph with an input ``[batch]`` for each feature; equal to the bundle's on every row.

    Numbers are float32 with NaN where missing, categories canonical text with ``<missing>``, times
    seconds since 1970. Of several labels each has an output.
    """
    model = onnx.compose.add_prefix(onnx.load_from_string(bundle.read("model.onnx")), INSIDE)
    graph, named = model.graph, _groups(bundle.contract)
    column = f"{INSIDE}column"
    before, inputs = [], []
    for group in graph.input:
        names = named[group.name.removeprefix(INSIDE)]
        kind = group.type.tensor_type.elem_type
        parts = [f"{group.name}/{name}" for name in names]
        for name, part in zip(names, parts, strict=True):
            inputs.append(helper.make_tensor_value_info(name, kind, ["batch"]))
            before.append(helper.make_node("Reshape", [name, column], [part]))
        before.append(helper.make_node("Concat", parts, [group.name], axis=1))
    after, outputs, labels = _outputs(bundle, graph.output[0].name)
    nodes = [*before, *graph.node, *after]
    reshaping = helper.make_tensor(column, TensorProto.INT64, [2], [-1, 1])
    initializers = [*graph.initializer, reshaping, *labels]
    joined = helper.make_model(
        helper.make_graph(nodes, "interchange", inputs, outputs, initializers),
        opset_imports=model.opset_import,
        ir_version=model.ir_version,
        functions=model.functions,
    )
    onnx.checker.check_model(joined, full_check=True)
    return joined


def frame(contract: Contract, inputs: Inputs) -> pd.DataFrame:
    """Inputs as the columns that the interchange copy takes."""
    columns: dict[str, Any] = dict(zip(contract.numeric, inputs.numeric.T, strict=True))
    columns |= zip(contract.category, inputs.category.T, strict=True)
    columns |= zip(contract.times, inputs.time.T, strict=True)
    return pd.DataFrame(columns)


def example(bundle: Bundle) -> pd.DataFrame:
    """The golden rows, as the interchange copy takes them."""
    rows: list[dict[str, Any]] = bundle.metadata["golden"]["rows"]
    columns = {name: [row[name] for row in rows] for name in bundle.contract.features}
    return frame(bundle.contract, from_columns(bundle.contract, columns, len(rows)))


def _groups(contract: Contract) -> dict[str, tuple[str, ...]]:
    return {
        "numeric": tuple(contract.numeric),
        "category": tuple(contract.category),
        "time": tuple(contract.times),
    }


def _outputs(bundle: Bundle, result: str) -> tuple[list[Any], list[Any], list[Any]]:
    """Nodes that give each number of the result a name apart from every column's, and their kin."""
    labels = bundle.contract.labels if bundle.contract.task == "multiclass" else None
    output, taken = bundle.task.output, set(bundle.contract.features)
    names = [f"{output}_{label}" for label in labels] if labels else [output]
    names = [f"predicted_{name}" if name in taken else name for name in names]
    outputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["batch"]) for n in names]
    if labels is None:
        return [helper.make_node("Identity", [result], names)], outputs, []
    places = [f"{INSIDE}label/{index}" for index in range(len(names))]
    nodes = [
        helper.make_node("Gather", [result, place], [name], axis=1)
        for name, place in zip(names, places, strict=True)
    ]
    at = [helper.make_tensor(p, TensorProto.INT64, [], [i]) for i, p in enumerate(places)]
    return nodes, outputs, at
