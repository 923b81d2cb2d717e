"""A graph that somebody else made, between the encoding of rows and the output of the task.

Nothing of the file is run before it has passed here, and then only by onnxruntime.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx.compose
import onnx.version_converter
from onnx import ModelProto, TensorProto, ValueInfoProto, helper

from ..contract import Contract
from ..errors import BundleError
from .bundle import open_session
from .graph import IR_VERSION, OPSET, OPSET_ML
from .tasks import task_of

FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE)
ML = "ai.onnx.ml"
MODEL = "model/"
"""Before every name of the graph, so that it may use any."""


@dataclass(frozen=True, kw_only=True)
class Imported:
    """The graph of a file, with the matrix that it takes and the output that is predicted."""

    path: Path
    model: ModelProto
    matrix: ValueInfoProto
    output: ValueInfoProto

    def predict(self, contract: Contract, matrix: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The outputs of the file by itself, as the task has them."""
        dtype = helper.tensor_dtype_to_np_dtype(_kind(self.matrix))
        session = open_session(self.model.SerializeToString())
        (raw,) = session.run([self.output.name], {self.matrix.name: matrix.astype(dtype)})
        return np.asarray(raw[:, -1] if _has_columns(contract, self.output) else raw)


def read_model(path: Path, contract: Contract, width: int) -> Imported:
    """A model that takes a matrix ``[rows, width]`` and gives what the contract's task predicts.

    Raises:
        BundleError: it is no valid graph, or it takes or gives something else.
    """
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model)
    except Exception as error:  # onnx and protobuf have errors of their own
        raise BundleError(f"'{path}' is no ONNX model that can be served: {error}") from None
    weights = {one.name for one in model.graph.initializer}  # old exports list them as inputs
    inputs = [value for value in model.graph.input if value.name not in weights]
    if len(inputs) != 1 or not _fits(inputs[0], {width}, {2}) or _shape(inputs[0])[0] is not None:
        raise BundleError(
            f"'{path}' takes {_format(inputs)}, and it is to take one matrix of floats [?, {width}],"
            " as its encoding gives it, with any number of rows (None, dynamic_axes)"
        )
    labels = contract.labels or ()
    widths = {"multiclass": {len(labels)}, "binary": {1, 2}, "regression": {1}}[contract.task]
    ranks = {2} if contract.task == "multiclass" else {1, 2}
    outputs = [value for value in model.graph.output if _fits(value, widths, ranks)]
    if len(outputs) != 1:
        raise BundleError(
            f"'{path}' gives {_format(model.graph.output)}, and it is to give one output of floats with"
            f" {' or '.join(map(str, sorted(widths)))} a row"
            + (f", in the order {', '.join(labels)}" if labels else "")
            + ": what predict_proba gives (of a regression: predict); of scikit-learn export it with"
            " options={'zipmap': False}"
        )
    return Imported(path=path, model=model, matrix=inputs[0], output=outputs[0])


def wrap(contract: Contract, imported: Imported, encoding: ModelProto) -> bytes:
    """The model between the contract's inputs and the task's output, as one graph.

    ``encoding`` gives the ``matrix`` that the model takes, ``[rows, columns]``.

    Raises:
        BundleError: its operators have no form in this project's version of ONNX.
    """
    model = onnx.compose.add_prefix(_at_our_opset(imported), MODEL)
    before = onnx.compose.add_prefix(encoding, "encoding/", rename_inputs=False)
    matrix, kind = before.graph.output[0], _kind(imported.matrix)
    before.graph.node.append(helper.make_node("Cast", [matrix.name], ["encoding/cast"], to=kind))
    matrix.name, matrix.type.tensor_type.elem_type = "encoding/cast", kind
    before.ir_version = model.ir_version
    del before.opset_import[:]
    before.opset_import.extend(model.opset_import)
    joined = onnx.compose.merge_models(
        before,
        model,
        io_map=[("encoding/cast", MODEL + imported.matrix.name)],
        outputs=[MODEL + imported.output.name],
    )
    _give_output(contract, imported, joined)
    joined.graph.name = "imported"
    joined.producer_name = joined.producer_version = joined.doc_string = ""
    return bytes(joined.SerializeToString())


def _give_output(contract: Contract, imported: Imported, joined: ModelProto) -> None:
    """Add what leads from the model's output to the task's; classes are in the contract's order."""
    name, source = task_of(contract).output, MODEL + imported.output.name
    if _has_columns(contract, imported.output):
        joined.graph.initializer.append(helper.make_tensor("last", TensorProto.INT64, [], [-1]))
        joined.graph.node.append(helper.make_node("Gather", [source, "last"], ["row"], axis=1))
        source = "row"
    joined.graph.node.append(helper.make_node("Cast", [source], [name], to=TensorProto.FLOAT))
    shape = ["batch", len(contract.labels or ())] if contract.task == "multiclass" else ["batch"]
    joined.graph.output[0].CopyFrom(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))


def _has_columns(contract: Contract, output: ValueInfoProto) -> bool:
    """Whether an output is ``[rows, columns]`` where the task has one value a row, which is the last
    column: of two probabilities the positive class's.
    """
    return contract.task != "multiclass" and len(_shape(output)) == 2


def _at_our_opset(imported: Imported) -> ModelProto:
    """The same graph at this project's version of ONNX's own operators."""
    versions = {"": OPSET, ML: OPSET_ML}
    versions |= {one.domain: one.version for one in imported.model.opset_import}
    model = ModelProto()
    model.CopyFrom(imported.model)
    _set_opsets(model, versions)  # each domain once: some exporters list one twice
    try:
        model = onnx.version_converter.convert_version(model, OPSET)
    except Exception as error:  # of many kinds
        raise BundleError(
            f"'{imported.path}' has opset {versions['']} and cannot be brought to {OPSET}: {error};"
            f" export it with target_opset={OPSET}"
        ) from None
    _set_opsets(model, versions | {"": OPSET, ML: max(OPSET_ML, versions[ML])})
    model.ir_version = IR_VERSION
    return model


def _set_opsets(model: ModelProto, versions: Mapping[str, int]) -> None:
    del model.opset_import[:]
    model.opset_import.extend(helper.make_opsetid(domain, n) for domain, n in versions.items())


def _fits(value: ValueInfoProto, widths: set[int], ranks: set[int]) -> bool:
    """Whether these are floats of one of the ranks and widths; a width may be left open."""
    shape = _shape(value)
    width = shape[1] if len(shape) == 2 else 1
    return _kind(value) in FLOATS and len(shape) in ranks and width in {*widths, None}


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
