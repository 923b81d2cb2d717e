"""Small graphs to be joined with others, and words for what graphs take and give."""

from collections.abc import Mapping, Sequence
from typing import Any

from onnx import ModelProto, TensorProto, ValueInfoProto, helper

from ...errors import BundleError
from ..bundle import open_session
from ..graph import IR_VERSION, OPSET

FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE)


def run(model: ModelProto, feed: Mapping[str, Any]) -> dict[str, Any]:
    """A graph's outputs by name.

    Raises:
        BundleError: onnxruntime cannot load or run it.
    """
    try:
        session = open_session(model.SerializeToString())
        names = [found.name for found in session.get_outputs()]
        return dict(zip(names, session.run(None, dict(feed)), strict=True))
    except Exception as error:  # onnxruntime raises many kinds of its own
        raise BundleError(f"onnxruntime, which serves, cannot run the model: {error}") from None


def make_part(
    nodes: list[Any], inputs: list[Any], outputs: list[Any], constants: list[Any]
) -> ModelProto:
    """A graph of a few operators, to be joined with others."""
    graph = helper.make_graph(nodes, "part", inputs, outputs, constants)
    model: ModelProto = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    return model


def kind_of(value: ValueInfoProto) -> int:
    """The tensor's type; 0 for what is no tensor."""
    return int(value.type.tensor_type.elem_type)


def shape_of(value: ValueInfoProto) -> list[int | None]:
    """Its dimensions; ``None`` is a free one."""
    dimensions = value.type.tensor_type.shape.dim
    return [one.dim_value if one.HasField("dim_value") else None for one in dimensions]


def word_of(kind: int) -> str:
    """A tensor's type, as ONNX calls it."""
    return TensorProto.DataType.Name(kind).lower() if kind else "no tensor"


def told_of(values: Sequence[ValueInfoProto]) -> str:
    """Inputs or outputs with their types and shapes, to say in a message."""
    return ", ".join(
        f"'{value.name}' ({word_of(kind_of(value))}"
        f" [{', '.join('?' if d is None else str(d) for d in shape_of(value))}])"
        for value in values
    )
