"""What an imported graph takes and gives, as the contract's inputs and the task's output."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import BundleError
from {{ cookiecutter.__package }}.models.bundle import open_session, predict
from {{ cookiecutter.__package }}.models.graph import IR_VERSION, OPSET
from {{ cookiecutter.__package }}.models.inputs import Inputs
from {{ cookiecutter.__package }}.models.onnx_import import read_model, wrap
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.models.tasks import task_of

from ..conftest import shop_of
from ..synthesized import synthesize

FLOAT, INT64, STRING = TensorProto.FLOAT, TensorProto.INT64, TensorProto.STRING
WIDTH = 3
"""The shop's numeric columns."""


def graph(
    nodes: Sequence[Any],
    inputs: Sequence[tuple[str, int, Sequence[Any]]],
    outputs: Sequence[tuple[str, int, Sequence[Any]]],
    constants: dict[str, Any] | None = None,
    opset: int = 17,
) -> ModelProto:
    """A model of nodes, with inputs and outputs as ``(name, type, shape)``."""
    values = [[helper.make_tensor_value_info(*one) for one in side] for side in (inputs, outputs)]
    weights = [numpy_helper.from_array(v, name) for name, v in (constants or {}).items()]
    model: ModelProto = helper.make_model(
        helper.make_graph(list(nodes), "elsewhere", *values, weights),
        opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 1)],
        ir_version=8,
    )
    return model


def save(model: ModelProto, folder: Path) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def linear(
    outputs: int,
    *,
    end: str | None = None,
    opset: int = 17,
    rows: Any = "n",
    columns: int = WIDTH,
) -> ModelProto:
    """``x`` [rows, columns] to ``y`` [rows, outputs]: known weights, gaps taken for 0, and an end."""
    nodes = [
        helper.make_node("IsNaN", ["x"], ["gap"]),
        helper.make_node("Where", ["gap", "zero", "x"], ["full"]),
        helper.make_node("MatMul", ["full", "w"], ["raw" if end else "y"]),
    ]
    if end:
        axis = {"axis": 1} if end == "Softmax" else {}
        nodes.append(helper.make_node(end, ["raw"], ["y"], **axis))
    constants = {"w": weights(outputs)[:columns], "zero": np.zeros(1, np.float32)}
    inputs, results = [("x", FLOAT, [rows, columns])], [("y", FLOAT, [rows, outputs])]
    return graph(nodes, inputs, results, constants, opset)


def weights(outputs: int) -> Any:
    return (np.random.default_rng(0).normal(size=(WIDTH, outputs)) / 1000).astype(np.float32)


def encoding(contract: Contract) -> ModelProto:
    """A stand-in for the encoder: its matrix is the numeric columns."""
    groups = [
        ("numeric", FLOAT, contract.numeric),
        ("category", STRING, contract.category),
        ("time", INT64, contract.times),
    ]
    model = graph(
        [helper.make_node("Identity", ["numeric"], ["matrix"])],
        [(name, kind, ["n", len(columns)]) for name, kind, columns in groups],
        [("matrix", FLOAT, ["n", WIDTH])],
        opset=OPSET,
    )
    model.ir_version = IR_VERSION
    return model


def rows_of(contract: Contract) -> Inputs:
    return from_table(contract, synthesize(contract, 200))


def answers(contract: Contract, path: Path) -> Any:
    """What the wrapped graph answers; the file by itself answers the same to the matrix."""
    rows, imported = rows_of(contract), read_model(path, contract, WIDTH)
    session = open_session(wrap(contract, imported, encoding(contract)))
    outputs = predict(session, rows, task_of(contract))
    assert np.allclose(imported.predict(rows.numeric), outputs, atol=1e-6)
    return outputs


@pytest.mark.parametrize("opset", [11, 17, OPSET, 22])
@pytest.mark.parametrize(
    ("task", "width", "end"),
    [
        ("binary", 1, "Sigmoid"),
        ("binary", 2, "Softmax"),
        ("multiclass", 3, "Softmax"),
        ("regression", 1, None),
    ],
)
def test_the_encoding_stands_before_the_model_and_the_tasks_output_behind(
    tmp_path: Path, task: str, width: int, end: str | None, opset: int
) -> None:
    contract = shop_of(task)
    outputs = answers(contract, save(linear(width, end=end, opset=opset), tmp_path))
    raw = np.nan_to_num(rows_of(contract).numeric.astype(np.float64)) @ weights(width)
    if end == "Sigmoid":
        raw = 1 / (1 + np.exp(-raw))
    if end == "Softmax":
        raw = np.exp(raw) / np.exp(raw).sum(1, keepdims=True)
    assert np.allclose(outputs, raw if task == "multiclass" else raw[:, -1], atol=1e-5)


X, Y = ("x", FLOAT, ["n", WIDTH]), ("y", FLOAT, ["n", WIDTH])
SUM = graph([helper.make_node("Add", ["x", "z"], ["y"])], [X, ("z", FLOAT, ["n", WIDTH])], [Y])
LABELS = graph(
    [helper.make_node("ArgMax", ["x"], ["y"], axis=1, keepdims=0)], [X], [("y", INT64, ["n"])]
)
NEWER = graph([helper.make_node("Swish", ["x"], ["y"])], [X], [Y], opset=24)
REFUSED: dict[str, tuple[str, ModelProto, str]] = {
    "two inputs": ("binary", SUM, r"takes 'x' .*, 'z' .*one matrix of floats \[rows, 3\]"),
    "one batch size": (
        "binary",
        linear(1, rows=8),
        r"takes 'x' \(tensor\(float\) \[8, 3\]\).*any number",
    ),
    "another width": ("binary", linear(1, columns=2), r"takes 'x' .*'n', 2\].*\[rows, 3\]"),
    "labels alone": ("binary", LABELS, r"gives 'y' \(tensor\(int64\) .*predict_proba.*zipmap"),
    "too few classes": ("multiclass", linear(2), "3 a row, in the order kept, exchanged, ret"),
    "several values": ("regression", linear(2), "one output of floats with 1 a row"),
    "a newer operator": ("multiclass", NEWER, f"opset 24 and cannot be brought to {OPSET}"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_fit_is_refused_with_what_to_do(tmp_path: Path, case: str) -> None:
    task, model, message = REFUSED[case]
    with pytest.raises(BundleError, match=message):
        answers(shop_of(task), save(model, tmp_path))


def test_a_file_that_is_no_whole_graph_is_refused(shop: Contract, tmp_path: Path) -> None:
    outside = linear(1)
    outside.graph.initializer[0].external_data.add(key="location", value="../secret")
    outside.graph.initializer[0].data_location = TensorProto.EXTERNAL
    (tmp_path / "secret").write_bytes(bytes(100))
    folder = tmp_path / "folder"
    folder.mkdir()
    for content in (None, b"\x80\x04 a pickle", outside.SerializeToString()):
        if content is not None:
            (folder / "model.onnx").write_bytes(content)
        with pytest.raises(BundleError, match="is no ONNX model that can be served"):
            read_model(folder / "model.onnx", shop, WIDTH)
