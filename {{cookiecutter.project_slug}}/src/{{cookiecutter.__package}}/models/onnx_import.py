"""A graph that somebody else made, between the encoding of rows and the output of the task.

Nothing of the file is run before it has passed here, and then only by onnxruntime.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt
import onnx
import onnx.compose
import onnx.version_converter
from onnx import ModelProto, TensorProto, ValueInfoProto, helper

from ..contract import Contract
from ..errors import BundleError
from .bundle import open_session
from .graph import IR_VERSION, OPSET, OPSET_ML
from .inputs import Inputs
from .tasks import task_of

MOST_BYTES = 500_000_000
FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE)
ML = "ai.onnx.ml"
INSIDE = "model/"
"""Before every name of the graph, so that it may use any."""


@dataclass(frozen=True, kw_only=True)
class Wrapped:
    """One graph, and the parts that it was joined from."""

    graph: bytes
    parts: tuple[bytes, bytes, bytes]
    """What leads to the imported graph, that graph, and what leads on from it."""
    output: str
    """Of the imported graph, that holds what is predicted."""


def read(path: Path) -> ModelProto:
    """The graph of a file, whole.

    Raises:
        BundleError: it is no valid graph, too large, or refers to other files.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES / 1e6:,.0f} MB")
        model = onnx.load(path, load_external_data=False)
        onnx.checker.check_model(model)
    except OSError as error:
        raise BundleError(f"'{path}' cannot be read: {error}") from None
    except Exception as error:  # onnx and protobuf have errors of their own
        raise BundleError(f"'{path}' is no ONNX model that can be served: {error}") from None
    if outside := [one.name for one in model.graph.initializer if one.external_data]:
        raise BundleError(
            f"'{path}' keeps '{outside[0]}' in another file, and a bundle is one graph; export it with"
            " its weights inside (external_data=False, save_as_external_data=False)"
        )
    return model


def wrap(
    contract: Contract, path: Path, encoding: ModelProto, *, output: str | None, logits: bool
) -> Wrapped:
    """Put the graph of a file between the contract's inputs and the task's output.

    ``encoding`` gives the ``matrix`` that the model takes, ``[rows, columns]``.

    Raises:
        BundleError: what it takes or gives cannot be what the contract says.
    """
    given = read(path)
    model = onnx.compose.add_prefix(_at_our_opset(path, given), INSIDE)
    before = _before(path, given, encoding)
    chosen = _output_of(path, given, output)
    after = _after(contract, path, chosen, logits=logits)
    for part in (before, after):
        part.ir_version = model.ir_version
        del part.opset_import[:]
        part.opset_import.extend(model.opset_import)
    joins = [(before.graph.output[0].name, model.graph.input[0].name)]
    joined = onnx.compose.merge_models(before, model, io_map=joins, outputs=[INSIDE + chosen.name])
    joined = onnx.compose.merge_models(joined, after, io_map=[(INSIDE + chosen.name, "given")])
    joined.graph.name = "imported"
    joined.producer_name = joined.producer_version = joined.doc_string = ""
    return Wrapped(
        graph=joined.SerializeToString(),
        parts=(before.SerializeToString(), given.SerializeToString(), after.SerializeToString()),
        output=chosen.name,
    )


def in_parts(wrapped: Wrapped, rows: Inputs) -> npt.NDArray[Any]:
    """The outputs for rows by one part after another, each in a session of its own."""
    before, model, after = (open_session(part) for part in wrapped.parts)
    (matrix,) = before.run(None, rows.feed())
    (raw,) = model.run([wrapped.output], {model.get_inputs()[0].name: matrix})
    return after.run(None, {"given": raw})[0]  # type: ignore[no-any-return]


def _at_our_opset(path: Path, model: ModelProto) -> ModelProto:
    """The same graph at this project's version of ONNX's own operators."""
    versions = {one.domain: 0 for one in model.opset_import}
    for one in model.opset_import:  # some exporters list a domain twice
        versions[one.domain] = max(versions[one.domain], one.version)
    advice = f"export it with target_opset={OPSET}"
    if versions.get("", OPSET) > OPSET:
        raise BundleError(f"'{path}' has opset {versions['']}, newer than {OPSET}; {advice}")
    changed = ModelProto()
    changed.CopyFrom(model)
    del changed.opset_import[:]
    changed.opset_import.extend(helper.make_opsetid(name, n) for name, n in versions.items())
    if versions.get("", OPSET) < OPSET:
        try:
            changed = onnx.version_converter.convert_version(changed, OPSET)
        except Exception as error:  # of many kinds
            raise BundleError(
                f"'{path}' has opset {versions['']} and cannot be brought to {OPSET}: {error}; {advice}"
            ) from None
    versions |= {"": OPSET, ML: max(OPSET_ML, versions.get(ML, 0))}
    del changed.opset_import[:]
    changed.opset_import.extend(helper.make_opsetid(name, n) for name, n in versions.items())
    changed.ir_version = IR_VERSION
    return changed


def _before(path: Path, model: ModelProto, encoding: ModelProto) -> ModelProto:
    """The contract's inputs to the one matrix that the model takes."""
    weights = {one.name for one in model.graph.initializer}  # old exports list them as inputs
    inputs = [value for value in model.graph.input if value.name not in weights]
    width = _shape(encoding.graph.output[0])[1]
    if len(inputs) != 1 or _kind(inputs[0]) not in FLOATS or len(_shape(inputs[0])) != 2:
        raise BundleError(
            f"'{path}' takes {_format(inputs)}, and it is to take one matrix of floats [rows, {width}]"
        )
    batch, columns = _shape(inputs[0])
    if batch is not None:
        raise BundleError(
            f"'{path}' takes {batch} rows at a time, and servers ask for any number; export it with a"
            " first dimension that is free (None, dynamic_axes)"
        )
    if columns not in {width, None}:
        raise BundleError(
            f"'{path}' takes {columns} columns and the encoding gives {width}; give the encoding that"
            " the model was trained on"
        )
    before = onnx.compose.add_prefix(encoding, "encoding/", rename_inputs=False)
    matrix, kind = before.graph.output[0].name, _kind(inputs[0])
    before.graph.node.append(helper.make_node("Cast", [matrix], ["encoding/cast"], to=kind))
    del before.graph.output[:]
    shape = ["batch", width]
    before.graph.output.append(helper.make_tensor_value_info("encoding/cast", kind, shape))
    return before


def _output_of(path: Path, model: ModelProto, name: str | None) -> ValueInfoProto:
    """The output that holds what is predicted."""
    outputs = model.graph.output
    fitting = [value for value in outputs if _kind(value) in FLOATS and name in {None, value.name}]
    if len(fitting) == 1:
        return fitting[0]
    what = (
        "say by --output which is predicted"
        if fitting
        else (
            "export what predict_proba gives as floats (of a regression: predict); of scikit-learn with"
            " options={'zipmap': False}"
        )
    )
    raise BundleError(f"'{path}' gives {_format(outputs)}: {what}")


def _after(contract: Contract, path: Path, given: ValueInfoProto, *, logits: bool) -> ModelProto:
    """What the model gives to the task's output; classes are in the contract's order."""
    shape, name, labels = _shape(given), task_of(contract).output, contract.labels or ()
    width = shape[1] if len(shape) == 2 else 1
    valid = {"multiclass": {len(labels)}, "binary": {1, 2}, "regression": {1}}[contract.task]
    if len(shape) not in {1, 2} or width not in {*valid, None}:
        raise BundleError(
            f"'{path}' gives {_format([given])}, and a {contract.task} task has"
            f" {' or '.join(map(str, sorted(valid)))} a row"
            + (f", in the order {', '.join(labels)}" if labels else "")
        )
    source, nodes, several = "given", [], width not in {1, None}
    constants = []
    if logits:
        step = {"axis": 1} if several else {}
        nodes.append(helper.make_node("Softmax" if step else "Sigmoid", [source], ["sure"], **step))
        source = "sure"
    if contract.task != "multiclass":
        if several:
            constants.append(helper.make_tensor("one", TensorProto.INT64, [1], [1]))
            nodes.append(helper.make_node("Gather", [source, "one"], ["positive"], axis=1))
            source = "positive"
        constants.append(helper.make_tensor("flat", TensorProto.INT64, [1], [-1]))
        nodes.append(helper.make_node("Reshape", [source, "flat"], ["row"]))
        source = "row"
    nodes.append(helper.make_node("Cast", [source], [name], to=TensorProto.FLOAT))
    result = ["batch", len(labels)] if contract.task == "multiclass" else ["batch"]
    first = helper.make_tensor_value_info("given", _kind(given), ["batch", width][: len(shape)])
    last = helper.make_tensor_value_info(name, TensorProto.FLOAT, result)
    graph = helper.make_graph(nodes, "after", [first], [last], constants)
    return helper.make_model(graph)


def _kind(value: ValueInfoProto) -> int:
    """The tensor's type; 0 for what is no tensor."""
    return int(value.type.tensor_type.elem_type)


def _shape(value: ValueInfoProto) -> list[int | None]:
    """Its dimensions; ``None`` is a free one."""
    dimensions = value.type.tensor_type.shape.dim
    return [one.dim_value if one.HasField("dim_value") else None for one in dimensions]


def _format(values: Sequence[ValueInfoProto]) -> str:
    """Inputs or outputs with their types and shapes."""
    return ", ".join(
        f"'{value.name}' ({TensorProto.DataType.Name(_kind(value)).lower()}"
        f" [{', '.join('?' if d is None else str(d) for d in _shape(value))}])"
        for value in values
    )
