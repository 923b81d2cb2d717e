"""Graphs as other tools make them, written with ``onnx.helper``: small, and with known answers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.graph import OPSET

FLOAT, DOUBLE, STRING = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.STRING
INT64 = TensorProto.INT64


def graph(
    nodes: Sequence[Any],
    inputs: Sequence[tuple[str, int, Sequence[Any]]],
    outputs: Sequence[tuple[str, int, Sequence[Any]]],
    constants: dict[str, Any] | None = None,
    *,
    opset: int = 17,
    domains: dict[str, int] | None = None,
) -> ModelProto:
    """A model of nodes, with inputs and outputs as ``(name, type, shape)``."""
    values = [[helper.make_tensor_value_info(*one) for one in side] for side in (inputs, outputs)]
    weights = [numpy_helper.from_array(v, name) for name, v in (constants or {}).items()]
    known = {"": opset, "ai.onnx.ml": 1} | (domains or {})
    model: ModelProto = helper.make_model(
        helper.make_graph(list(nodes), "elsewhere", *values, weights),
        opset_imports=[helper.make_opsetid(name, version) for name, version in known.items()],
        ir_version=8,
    )
    return model


def save(model: ModelProto, folder: Path, name: str = "model.onnx") -> Path:
    path = folder / name
    path.write_bytes(model.SerializeToString())
    return path


def linear(width: int, outputs: int, *, end: str | None = None, opset: int = 17) -> ModelProto:
    """``x`` [rows, width] to ``y`` [rows, outputs]: known weights, gaps taken for 0, and an end."""
    x = [
        helper.make_node("IsNaN", ["x"], ["gap"]),
        helper.make_node("Where", ["gap", "zero", "x"], ["full"]),
    ]
    nodes = [*x, helper.make_node("MatMul", ["full", "w"], ["raw" if end else "y"])]
    if end:
        axis = {"axis": 1} if end == "Softmax" else {}
        nodes.append(helper.make_node(end, ["raw"], ["y"], **axis))
    return graph(
        nodes,
        [("x", FLOAT, ["n", width])],
        [("y", FLOAT, ["n", outputs])],
        {"w": weights(width, outputs), "zero": np.zeros(1, np.float32)},
        opset=opset,
    )


def weights(width: int, outputs: int) -> Any:
    random = np.random.default_rng(0)
    return (random.normal(size=(width, outputs)) / 1000).astype(np.float32)


def classifier(labels: Sequence[Any], *, zipmap: bool = False, column: str = "price") -> ModelProto:
    """What skl2onnx makes of a logistic regression on one column, whose gaps count as 5."""
    n, words = len(labels), isinstance(labels[0], str)
    kind = STRING if words else INT64
    named = {"classlabels_strings" if words else "classlabels_ints": list(labels)}
    ml: dict[str, Any] = {"domain": "ai.onnx.ml"}
    nodes = [
        helper.make_node(
            "Imputer",
            [column],
            ["full"],
            imputed_value_floats=[5.0],
            replaced_value_float=float("nan"),
            **ml,
        ),
        helper.make_node(
            "LinearClassifier",
            ["full"],
            ["label", "probabilities"],
            coefficients=[0.01 * (k + 1) for k in range(n)],
            intercepts=[0.1 * k for k in range(n)],
            multi_class=0,
            post_transform="SOFTMAX",
            **named,
            **ml,
        ),
    ]
    outputs: list[Any] = [("label", kind, ["n"]), ("probabilities", FLOAT, ["n", n])]
    model = graph(nodes, [(column, FLOAT, ["n", 1])], outputs)
    if zipmap:
        key = {"classlabels_strings" if words else "classlabels_int64s": list(labels)}
        model.graph.node.append(
            helper.make_node("ZipMap", ["probabilities"], ["maps"], **key, **ml)
        )
        pair = helper.make_map_type_proto(kind, helper.make_tensor_type_proto(FLOAT, []))
        del model.graph.output[1]
        model.graph.output.append(
            helper.make_value_info("maps", helper.make_sequence_type_proto(pair))
        )
    return model


def softmax(price: Any, n: int) -> Any:
    """The probabilities that ``classifier`` gives, in the order of its labels."""
    full = np.where(np.isnan(price), 5.0, price).astype(np.float64)[:, None]
    raw = np.exp(full * [0.01 * (k + 1) for k in range(n)] + [0.1 * k for k in range(n)])
    return raw / raw.sum(1, keepdims=True)


def identity(*, kind: int = FLOAT, shape: Any = ("n", 1), name: str = "price") -> ModelProto:
    """One input that is the output."""
    return graph(
        [helper.make_node("Identity", [name], ["y"])], [(name, kind, shape)], [("y", kind, shape)]
    )


def two_outputs() -> ModelProto:
    model = classifier([0, 1])
    model.graph.node.append(helper.make_node("Identity", ["full"], ["other"]))
    model.graph.output.append(helper.make_tensor_value_info("other", FLOAT, ["n", 1]))
    return model


def label_alone() -> ModelProto:
    model = classifier([0, 1])
    del model.graph.output[1]
    return model


def encoding(folder: Path, contract: Contract) -> Path:
    """A stand-in for the encoder: its matrix is the numeric columns."""
    model = graph(
        [helper.make_node("Identity", ["numeric"], ["matrix"])],
        [
            ("numeric", FLOAT, ["n", len(contract.numeric)]),
            ("category", STRING, ["n", len(contract.category)]),
            ("time", INT64, ["n", len(contract.times)]),
        ],
        [("matrix", FLOAT, ["n", len(contract.numeric)])],
        opset=OPSET,
    )
    return save(model, folder, "encoding.onnx")
