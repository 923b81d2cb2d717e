"""A file from elsewhere is read with suspicion."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from {{ cookiecutter.__package }}.errors import BundleError
from {{ cookiecutter.__package }}.models.graph import IR_VERSION, OPSET
from {{ cookiecutter.__package }}.models.onnx_import import foreign
from {{ cookiecutter.__package }}.models.onnx_import.foreign import (
    classes,
    only,
    parameters,
    read,
    upgrade,
)

from .graphs import FLOAT, classifier, graph, linear, save


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"cannot be read: .*No such file"):
        read(tmp_path / "absent.onnx")
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04\x95pickled")
    with pytest.raises(BundleError, match="is no ONNX model"):
        read(tmp_path / "model.pkl")
    (tmp_path / "empty.onnx").write_bytes(b"")
    with pytest.raises(BundleError, match="is no"):
        read(tmp_path / "empty.onnx")


def test_a_graph_that_breaks_onnx_is_told(tmp_path: Path) -> None:
    model = linear(2, 1)
    model.graph.node[-1].input[0] = "nowhere"
    with pytest.raises(BundleError, match="is no valid ONNX model"):
        read(save(model, tmp_path))


def test_weights_in_another_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(linear(2, 1), path, save_as_external_data=True, size_threshold=0)
    with pytest.raises(BundleError, match=r"tensor 'w' in another file.*external_data=False"):
        read(path)


def test_weights_in_another_file_are_found_inside_branches(tmp_path: Path) -> None:
    secret = TensorProto(
        name="secret", data_type=FLOAT, dims=[1], data_location=TensorProto.EXTERNAL
    )
    secret.external_data.add(key="location", value="../../secret")
    out = helper.make_tensor_value_info("v", FLOAT, [1])
    constant = helper.make_node("Constant", [], ["v"], value=secret)
    branch = helper.make_graph([constant], "branch", [], [out])
    model = graph(
        [
            helper.make_node("If", ["yes"], ["v0"], then_branch=branch, else_branch=branch),
            helper.make_node("Add", ["x", "v0"], ["y"]),
        ],
        [("x", FLOAT, ["n", 1])],
        [("y", FLOAT, ["n", 1])],
        {"yes": np.array(True)},
    )
    with pytest.raises(BundleError, match="tensor 'secret' in another file"):
        read(save(model, tmp_path))


def test_operators_that_the_server_does_not_have_are_refused(tmp_path: Path) -> None:
    model = graph(
        [helper.make_node("Oracle", ["x"], ["y"], domain="com.somebody")],
        [("x", FLOAT, ["n", 1])],
        [("y", FLOAT, ["n", 1])],
        domains={"com.somebody": 1},
    )
    with pytest.raises(BundleError, match=r"operator Oracle of 'com.somebody'.*custom operators"):
        read(save(model, tmp_path))


def test_a_huge_graph_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(linear(2, 1), tmp_path)
    monkeypatch.setattr(foreign, "MOST_BYTES", 100)
    with pytest.raises(BundleError, match="fewer or shallower trees"):
        read(path)


def test_an_operator_newer_than_our_opset_is_refused(tmp_path: Path) -> None:
    newer = graph(
        [helper.make_node("RMSNormalization", ["x", "w"], ["y"])],
        [("x", FLOAT, ["n", 2])],
        [("y", FLOAT, ["n", 2])],
        {"w": np.ones(2, np.float32)},
        opset=23,
    )
    path = save(newer, tmp_path)
    with pytest.raises(BundleError, match=rf"opset 23 and uses RMSNormal.*target_opset={OPSET}"):
        upgrade(path, read(path))


@pytest.mark.parametrize("opset", [9, 13, 17, OPSET, 22])
def test_other_opsets_become_ours(tmp_path: Path, opset: int) -> None:
    """Of 22 alone the number is newer: skl2onnx writes it without need."""
    model = classifier([0, 1]) if opset > OPSET else linear(2, 1, opset=opset)
    model.opset_import.append(helper.make_opsetid("", opset))  # as skl2onnx repeats it
    path = save(model, tmp_path)
    found = upgrade(path, read(path))
    versions = {one.domain: one.version for one in found.opset_import}
    assert len(versions) == len(found.opset_import)
    assert versions[""] == OPSET
    assert found.ir_version == IR_VERSION


def test_what_leads_to_no_answer_is_left_out() -> None:
    model = classifier([0, 1], zipmap=True)
    kept = only(foreign.without_maps(model), "probabilities")
    assert [value.name for value in kept.graph.output] == ["probabilities"]
    assert [node.op_type for node in kept.graph.node] == ["Imputer", "LinearClassifier"]


def test_classes_are_those_that_the_graph_names() -> None:
    assert classes(classifier(["b", "a"], zipmap=True)) == [["b", "a"]]
    assert classes(linear(2, 1)) == []


def test_parameters_are_counted() -> None:
    assert parameters(linear(7, 3)) == 7 * 3 + 1
    assert parameters(classifier([0, 1])) == 2 + 2 + 1
