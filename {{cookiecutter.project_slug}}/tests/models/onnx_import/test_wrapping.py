"""What a foreign graph takes and gives, as the contract's inputs and the task's output."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import ModelProto, helper

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.errors import BundleError
from {{ cookiecutter.__package }}.models.bundle import open_session, predict
from {{ cookiecutter.__package }}.models.graph import IR_VERSION, OPSET
from {{ cookiecutter.__package }}.models.inputs import Inputs
from {{ cookiecutter.__package }}.models.onnx_import.wrapping import (
    in_parts,
    wrap,
)
from {{ cookiecutter.__package }}.models.tables import from_table
from {{ cookiecutter.__package }}.models.tasks import task_of

from ...conftest import LABELS, shop_of
from ...synthesized import synthesize
from .graphs import (
    DOUBLE,
    FLOAT,
    INT64,
    STRING,
    classifier,
    encoding,
    graph,
    identity,
    label_alone,
    linear,
    save,
    softmax,
    two_outputs,
    weights,
)

WIDTH = 3
"""The shop's numeric columns."""


def rows_of(contract: Contract) -> Inputs:
    return from_table(contract, synthesize(contract, 200))


def answers(contract: Contract, path: Path, **options: Any) -> Any:
    """What the wrapped graph answers; its parts one after another answer the same."""
    rows = rows_of(contract)
    wrapped = wrap(contract, path, rows, **options)
    found = predict(open_session(wrapped.graph), rows, task_of(contract))
    assert np.allclose(in_parts(wrapped, rows), found, atol=1e-6)
    return found


@pytest.mark.parametrize("zipmap", [False, True])
@pytest.mark.parametrize(
    "labels", [("kept", "exchanged", "returned"), ("returned", "kept", "exchanged")]
)
def test_probabilities_come_in_the_contracts_order(
    tmp_path: Path, labels: tuple[str, ...], zipmap: bool
) -> None:
    contract = shop_of("multiclass")
    found = answers(contract, save(classifier(labels, zipmap=zipmap), tmp_path))
    price = rows_of(contract).numeric[:, contract.numeric.index("price")]
    expected = softmax(price, 3)[:, [labels.index(label) for label in LABELS]]
    assert np.allclose(found, expected, atol=1e-6)


def test_numbers_of_classes_count_the_contracts_labels(tmp_path: Path) -> None:
    contract = shop_of("multiclass")
    found = answers(contract, save(classifier([0, 1, 2]), tmp_path))
    assert np.allclose(found, softmax(rows_of(contract).numeric[:, 0], 3), atol=1e-6)


@pytest.mark.parametrize(
    ("labels", "positive"), [([0, 1], 1), (["False", "True"], 1), (["true", "false"], 0)]
)
def test_a_binary_answer_is_the_probability_of_the_positive_value(
    shop: Contract, tmp_path: Path, labels: list[Any], positive: int
) -> None:
    found = answers(shop, save(classifier(labels), tmp_path))
    assert np.allclose(found, softmax(rows_of(shop).numeric[:, 0], 2)[:, positive], atol=1e-6)


@pytest.mark.parametrize("opset", [11, 17, OPSET])
@pytest.mark.parametrize(
    ("task", "width", "end"),
    [("binary", 1, "Sigmoid"), ("multiclass", 3, "Softmax"), ("regression", 1, None)],
)
def test_a_model_on_the_matrix_has_the_encoding_in_front(
    tmp_path: Path, task: str, width: int, end: str | None, opset: int
) -> None:
    contract = shop_of(task)
    path = save(linear(WIDTH, width, end=end, opset=opset), tmp_path)
    found = answers(contract, path, encoding=encoding(tmp_path, contract))
    raw = np.nan_to_num(rows_of(contract).numeric.astype(np.float64)) @ weights(WIDTH, width)
    if end == "Sigmoid":
        raw = 1 / (1 + np.exp(-raw))
    if end == "Softmax":
        raw = np.exp(raw) / np.exp(raw).sum(1, keepdims=True)
    assert np.allclose(found, raw if width > 1 else raw[:, 0], atol=1e-5)


def test_declared_logits_become_probabilities(tmp_path: Path) -> None:
    for task, width, end in (("binary", 1, "Sigmoid"), ("multiclass", 3, "Softmax")):
        contract, matrix = shop_of(task), encoding(tmp_path, shop_of(task))
        sure = save(linear(WIDTH, width, end=end), tmp_path)
        expected = answers(contract, sure, encoding=matrix)
        bare = save(linear(WIDTH, width), tmp_path)
        assert np.allclose(
            answers(contract, bare, encoding=matrix, logits=True), expected, atol=1e-6
        )


def test_each_column_comes_in_the_type_and_shape_that_is_asked(tmp_path: Path) -> None:
    contract = shop_of("regression")
    model = graph(
        [
            helper.make_node("Cast", ["items"], ["count"], to=DOUBLE),
            helper.make_node("Mul", ["price", "count"], ["cost"]),
            helper.make_node("StringConcat", ["channel", "channel"], ["unused"]),
            helper.make_node("Reshape", ["at", "flat"], ["when"]),
            helper.make_node("Cast", ["when"], ["seconds"], to=DOUBLE),
            helper.make_node("Mul", ["seconds", "little"], ["bit"]),
            helper.make_node("Add", ["cost", "bit"], ["value"]),
        ],
        [
            ("price", DOUBLE, ["n"]),
            ("items", INT64, ["n"]),
            ("channel", STRING, ["n", 1]),
            ("at", INT64, ["n", 1]),
        ],
        [("value", DOUBLE, ["n"])],
        {"flat": np.array([-1]), "little": np.array([1e-9])},
        opset=OPSET,
    )
    rows, found = rows_of(contract), answers(contract, save(model, tmp_path))
    price, items = (rows.numeric[:, contract.numeric.index(n)] for n in ("price", "items"))
    assert np.allclose(found, price.astype(np.float64) * items + rows.time[:, 0] * 1e-9)


def test_a_column_is_found_by_the_identifier_that_exporters_make_of_it(tmp_path: Path) -> None:
    source = shop_of("regression").model_dump(mode="json")
    columns = source["columns"]
    source["columns"] = {n.replace("price", "list price"): c for n, c in columns.items()}
    contract = Contract.model_validate(source)
    found = answers(contract, save(identity(name="list_price"), tmp_path))
    assert np.allclose(found, rows_of(contract).numeric[:, contract.numeric.index("list price")])

    source["columns"]["list-price"] = {"type": "float"}
    contract = Contract.model_validate(source)
    with pytest.raises(BundleError, match="takes 'list_price'"):
        wrap(contract, save(identity(name="list_price"), tmp_path), rows_of(contract))


def test_groups_are_taken_as_they_are(tmp_path: Path) -> None:
    contract = shop_of("regression")
    model = graph(
        [
            helper.make_node("Slice", ["numeric", "from", "to", "axis"], ["price"]),
            helper.make_node("ReduceMax", ["price"], ["y"], axes=[1], keepdims=1),
        ],
        [("numeric", FLOAT, ["n", WIDTH]), ("time", INT64, ["n", 1])],
        [("y", FLOAT, ["n", 1])],
        {"from": np.array([0]), "to": np.array([2]), "axis": np.array([1])},
        opset=13,
    )
    found = answers(contract, save(model, tmp_path))
    assert np.allclose(found, rows_of(contract).numeric[:, :2].max(1))


def test_the_same_file_is_the_same_graph_at_our_versions(shop: Contract, tmp_path: Path) -> None:
    path, rows = save(classifier([0, 1], zipmap=True), tmp_path), rows_of(shop)
    one, two = wrap(shop, path, rows).graph, wrap(shop, path, rows[:50]).graph
    assert one == two
    model = onnx.load_from_string(one)
    assert model.ir_version == IR_VERSION
    assert {found.domain: found.version for found in model.opset_import}[""] == OPSET
    assert "ZipMap" not in {node.op_type for node in model.graph.node}
    assert [value.name for value in model.graph.input] == ["numeric", "category", "time"]


REFUSED: dict[str, tuple[str, Callable[[], ModelProto], str]] = {
    "one matrix without its encoding": (
        "binary",
        lambda: linear(WIDTH, 1, end="Sigmoid"),
        r"'x' \(float \[\?, 3\]\), one matrix: name the encoding .*--encoding.*encode-rows",
    ),
    "an input that is no column": (
        "binary",
        lambda: graph(
            [helper.make_node("Mul", ["price", "tax"], ["y"])],
            [("price", FLOAT, ["n", 1]), ("tax", FLOAT, ["n", 1])],
            [("y", FLOAT, ["n", 1])],
        ),
        r"takes 'price' .*'tax' .*named after the contract's columns \(at, price",
    ),
    "text as a number": (
        "binary",
        lambda: identity(name="city"),
        "takes 'city' as float, and it is string here",
    ),
    "a time that float cannot hold": (
        "binary",
        lambda: identity(name="at"),
        "takes 'at' as float, and it is int64 or double here",
    ),
    "a batch of one size": (
        "binary",
        lambda: identity(shape=(8, 1)),
        "takes 'price' 8 rows at a time.*first dimension that is free",
    ),
    "a column too wide": (
        "binary",
        lambda: identity(shape=("n", 3)),
        r"'price' \(float \[\?, 3\]\), and it is \[rows\] or \[rows, 1\] here",
    ),
    "labels alone": ("binary", label_alone, "no probability or value as floats; .*predict_proba"),
    "two outputs": ("binary", two_outputs, "say by --output which of probabilities, other"),
    "logits": ("binary", identity, "which is no probability: .*sigmoid.*--logits"),
    "too few classes": (
        "multiclass",
        lambda: classifier(["kept", "returned"]),
        r"2 probabilities a row, and a multiclass task has 3 \(labels: kept, exchanged, returned\)",
    ),
    "other classes": (
        "multiclass",
        lambda: classifier(["kept", "lost", "returned"]),
        "tells apart kept, lost, returned; the contract's labels are kept, exchanged, returned",
    ),
    "another positive value": (
        "binary",
        lambda: classifier(["no", "perhaps"]),
        "tells apart no, perhaps; the contract's labels are true",
    ),
    "several values": (
        "regression",
        lambda: classifier([0, 1]),
        "gives 2 numbers a row; a regression has one",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_fit_is_refused_with_what_to_do(tmp_path: Path, case: str) -> None:
    task, make, words = REFUSED[case]
    contract = shop_of(task)
    with pytest.raises(BundleError, match=words):
        wrap(contract, save(make(), tmp_path), rows_of(contract))


def test_a_column_that_may_be_missing_is_no_whole_number(shop: Contract, tmp_path: Path) -> None:
    source = shop.model_dump(mode="json")
    source["columns"]["items"]["nullable"] = True
    contract = Contract.model_validate(source)
    path = save(identity(kind=INT64, name="items"), tmp_path)
    with pytest.raises(BundleError, match="int64, which cannot be missing as 'items' may be"):
        wrap(contract, path, rows_of(contract))


def test_an_encoding_of_another_width_is_refused(shop: Contract, tmp_path: Path) -> None:
    matrix, rows = encoding(tmp_path, shop), rows_of(shop)
    with pytest.raises(BundleError, match="takes 2 columns and the encoding gives 3"):
        wrap(shop, save(linear(2, 1), tmp_path), rows, encoding=matrix)
    with pytest.raises(BundleError, match=r"to take one matrix of floats .*leave --encoding out"):
        wrap(shop, save(identity(name="city", kind=STRING), tmp_path), rows, encoding=matrix)


def test_the_output_that_is_named_is_taken(shop: Contract, tmp_path: Path) -> None:
    path, rows = save(two_outputs(), tmp_path), rows_of(shop)
    assert wrap(shop, path, rows, output="probabilities").told == "probabilities of true"
    with pytest.raises(BundleError, match="no output 'label' of floats"):
        wrap(shop, path, rows, output="label")


def test_a_model_that_does_not_say_its_classes_is_taken_at_the_contracts_order(
    tmp_path: Path,
) -> None:
    contract = shop_of("multiclass")
    path = save(linear(WIDTH, 3, end="Softmax"), tmp_path)
    wrapped = wrap(contract, path, rows_of(contract), encoding=encoding(tmp_path, contract))
    assert wrapped.told.startswith("probabilities in the order kept, exchanged, returned, as the")
