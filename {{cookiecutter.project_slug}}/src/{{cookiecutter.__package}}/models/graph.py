"""The program as one ONNX graph: category text in, outputs out, byte-identical on repeat."""

import logging
import tempfile
import warnings
from pathlib import Path

import onnx
import onnx.compose
import torch
from onnx import ModelProto, TensorProto, helper

from .encode import UNSEEN
from .inputs import Inputs
from .program import Program

IR_VERSION, OPSET, OPSET_ML = (
    10,
    20,
    3,
)  # what onnxruntime has long read; newer defaults are refused


def export(program: Program, example: Inputs) -> ModelProto:
    """The graph with inputs ``numeric``, ``category`` and ``time`` (those that have columns).

    ``example`` needs two rows or more, so that no size is taken for a constant.
    """
    body = _body(program, example)
    if program.vocabularies:
        body = onnx.compose.merge_models(
            _vocabulary_prefix(program.vocabularies), body, io_map=[("coded", "codes")]
        )
    _strip(body)
    onnx.checker.check_model(body, full_check=True)
    return body


def _body(program: Program, example: Inputs) -> ModelProto:
    given = program.eval().tensors(example)
    batch = torch.export.Dim("batch")
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")  # the exporter warns of its own deprecations
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # and of torchvision's absence
        exported = torch.onnx.export(
            program,
            (),
            kwargs={"inputs": given},
            dynamo=True,
            opset_version=OPSET,
            external_data=False,
            dynamic_shapes={"inputs": {name: {0: batch} for name in given}},
            verbose=False,
        )
        if exported is None:
            raise RuntimeError("torch.onnx.export returned no program")
        path = Path(folder) / "body.onnx"
        exported.save(path)
        body = onnx.load(path)
    names = {value.name: name for value, name in zip(body.graph.input, given, strict=True)}
    names[body.graph.output[0].name] = program.output
    for node in body.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for value in [*body.graph.input, *body.graph.output]:
        value.name = names[value.name]
    body.ir_version = IR_VERSION
    return body


def _vocabulary_prefix(vocabularies: list[list[str]]) -> ModelProto:
    """Category text ``[batch, columns]`` to codes ``[batch, columns]``."""
    nodes, coded = [], []
    for index, vocabulary in enumerate(vocabularies):
        column, code = f"text_{index}", f"code_{index}"
        nodes.append(helper.make_node("Gather", ["category", f"at_{index}"], [column], axis=1))
        nodes.append(
            helper.make_node(
                "LabelEncoder",
                [column],
                [code],
                domain="ai.onnx.ml",
                keys_strings=vocabulary,
                values_int64s=list(range(UNSEEN + 1, UNSEEN + 1 + len(vocabulary))),
                default_int64=UNSEEN,
            )
        )
        coded.append(code)
    nodes.append(helper.make_node("Concat", coded, ["coded"], axis=1))
    n_columns = len(vocabularies)
    graph = helper.make_graph(
        nodes,
        "vocabularies",
        [helper.make_tensor_value_info("category", TensorProto.STRING, ["batch", n_columns])],
        [helper.make_tensor_value_info("coded", TensorProto.INT64, ["batch", n_columns])],
        [helper.make_tensor(f"at_{i}", TensorProto.INT64, [1], [i]) for i in range(n_columns)],
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", OPSET_ML)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)


def _strip(model: ModelProto) -> None:
    """Drop what tells of the machine: source lines, paths, tool versions."""
    model.producer_name = model.producer_version = model.doc_string = ""
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    model.graph.doc_string = ""
    model.graph.name = "program"
    for function in model.functions:
        function.doc_string = ""
        del function.metadata_props[:]
    for part in [
        *model.graph.node,
        *model.graph.initializer,
        *model.graph.value_info,
        *model.graph.input,
        *model.graph.output,
    ]:
        part.doc_string = ""
        del part.metadata_props[:]
