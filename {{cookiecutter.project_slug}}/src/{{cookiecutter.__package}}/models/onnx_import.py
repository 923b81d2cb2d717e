"""A graph that somebody else made, between the encoding of rows and the output of the task.

Nothing of the file is run but by onnxruntime.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx.compose
import onnx.version_converter
import onnxruntime as ort
from onnx import ModelProto, TensorProto, helper

from ..contract import Contract
from ..errors import BundleError
from .bundle import open_session
from .graph import IR_VERSION, OPSET, OPSET_ML
from .tasks import task_of

ML = "ai.onnx.ml"
MODEL = "model/"
"""Before every name of the graph, so that it may use any."""


@dataclass(frozen=True, kw_only=True)
class Imported:
    """The graph of a file, with the matrix that it takes and the output that is predicted."""

    path: Path
    model: ModelProto
    session: ort.InferenceSession
    matrix: ort.NodeArg
    output: ort.NodeArg
    is_column: bool
    """Whether the task has one value a row and the output columns: the last one is it."""

    def predict(self, matrix: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The outputs of the file by itself, as the task has them."""
        (raw,) = self.session.run([self.output.name], {self.matrix.name: matrix})
        return np.asarray(raw[:, -1] if self.is_column else raw)


def read_model(path: Path, contract: Contract, width: int) -> Imported:
    """A model that takes a matrix ``[rows, width]`` and gives what the contract's task predicts.

    Raises:
        BundleError: onnxruntime cannot load it, or it takes or gives something else.
    """
    try:
        model = onnx.load(path)
        session = open_session(model.SerializeToString())
    except Exception as error:  # onnx, protobuf and onnxruntime have errors of their own
        raise BundleError(f"'{path}' is no ONNX model that can be served: {error}") from None
    inputs, several = session.get_inputs(), contract.task == "multiclass"
    if (
        len(inputs) != 1
        or not _fits(inputs[0], {2}, {width})
        or isinstance(inputs[0].shape[0], int)
    ):
        raise BundleError(
            f"'{path}' takes {_format(inputs)}, and it is to take one matrix of floats [rows, {width}],"
            " as its encoding gives it, with any number of rows (None, dynamic_axes)"
        )
    labels = contract.labels or ()
    widths = {"multiclass": {len(labels)}, "binary": {1, 2}, "regression": {1}}[contract.task]
    ranks = {2} if several else {1, 2}
    outputs = [one for one in session.get_outputs() if _fits(one, ranks, widths)]
    if len(outputs) != 1:
        raise BundleError(
            f"'{path}' gives {_format(session.get_outputs())}, and it is to give one output of floats"
            f" with {' or '.join(map(str, sorted(widths)))} a row"
            + (f", in the order {', '.join(labels)}" if labels else "")
            + ": what predict_proba gives (of a regression: predict); of scikit-learn export it with"
            " options={'zipmap': False}"
        )
    return Imported(
        path=path,
        model=model,
        session=session,
        matrix=inputs[0],
        output=outputs[0],
        is_column=len(outputs[0].shape) == 2 and not several,
    )


def wrap(contract: Contract, imported: Imported, encoding: ModelProto) -> bytes:
    """The model between the contract's inputs and the task's output, as one graph.

    ``encoding`` gives the ``matrix`` that the model takes, ``[rows, columns]``.

    Raises:
        BundleError: its operators have no form in this project's version of ONNX.
    """
    model = onnx.compose.add_prefix(_at_our_opset(imported), MODEL)
    before = onnx.compose.add_prefix(encoding, "encoding/", rename_inputs=False)
    before.ir_version = model.ir_version
    del before.opset_import[:]
    before.opset_import.extend(model.opset_import)
    matrix = (before.graph.output[0].name, MODEL + imported.matrix.name)
    source, name = MODEL + imported.output.name, task_of(contract).output
    joined = onnx.compose.merge_models(before, model, io_map=[matrix], outputs=[source])
    graph, shape = joined.graph, list[str | int](["batch"])
    if imported.is_column:
        graph.initializer.append(helper.make_tensor("last", TensorProto.INT64, [], [-1]))
        graph.node.append(helper.make_node("Gather", [source, "last"], [name], axis=1))
    else:
        graph.node.append(helper.make_node("Identity", [source], [name]))
        shape += [len(contract.labels)] if contract.labels else []
    graph.output[0].CopyFrom(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    graph.name = "imported"
    joined.producer_name = joined.producer_version = joined.doc_string = ""
    return bytes(joined.SerializeToString())


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


def _fits(value: ort.NodeArg, ranks: set[int], widths: set[int]) -> bool:
    """Whether these are floats of one of the ranks and widths; a width may be left open."""
    width = value.shape[1] if len(value.shape) == 2 else 1
    known = width in widths or not isinstance(width, int)
    return value.type == "tensor(float)" and len(value.shape) in ranks and known


def _format(values: list[ort.NodeArg]) -> str:
    """Inputs or outputs with their types and shapes."""
    return ", ".join(f"'{value.name}' ({value.type} {value.shape})" for value in values)
