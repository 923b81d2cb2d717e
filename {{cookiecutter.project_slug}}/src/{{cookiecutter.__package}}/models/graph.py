"""The program as one ONNX graph: category text in, outputs out, byte-identical on repeat.

Its inner tensors ``codes``, ``numbers``, ``encoded`` and ``raw`` are the stages between; the model's
metadata name the columns of ``numbers``.
"""

import json
import logging
import warnings
from collections.abc import Sequence
from typing import Any

import onnx
import torch
from onnx import ModelProto, NodeProto, TensorProto, helper
from torch import Tensor

from .columns import UNSEEN
from .inputs import Inputs
from .program import Program
from .trees import NUMBER, OPERATOR, Trees

# What onnxruntime has long read; newer defaults are refused.
IR_VERSION, OPSET, OPSET_ML = 10, 20, 3
NAMES = "numbers"
"""The key of the model's metadata that holds the names of the columns of ``numbers``, as JSON."""


def export(program: Program, example: Inputs) -> ModelProto:
    """The graph with inputs ``numeric``, ``category`` and ``time`` (those that have columns).

    ``example`` needs two rows or more, so that no size is taken for a constant.
    """
    preprocess = program.preprocess
    ensembles = [part for part in program.modules() if isinstance(part, Trees)]
    for number, trees in enumerate(ensembles):
        trees.number = number
    traced = _trace(program.eval(), preprocess.tensors(example)).graph
    nodes, inputs, output = list(traced.node), list(traced.input), traced.output[-1]
    for node in nodes:
        if node.op_type == OPERATOR:
            (number,) = (one.i for one in node.attribute if one.name == NUMBER)
            node.ClearField("attribute")
            node.attribute.extend(ensembles[number].node().attribute)
    if width := len(preprocess.vocabularies):
        texts = helper.make_tensor_value_info("category", TensorProto.STRING, ["batch", width])
        inputs = [texts, *(value for value in inputs if value.name != "codes")]
        nodes = [*_label_encoders(preprocess.vocabularies), *nodes]
    for part in [*nodes, *inputs, *traced.initializer, output]:
        part.doc_string = ""  # it holds source lines, paths and versions of tools
        del part.metadata_props[:]
    model = helper.make_model(
        helper.make_graph(nodes, "program", inputs, [output], traced.initializer),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", OPSET_ML)],
        ir_version=IR_VERSION,
    )
    helper.set_model_props(model, {NAMES: json.dumps(preprocess.names)})
    onnx.checker.check_model(model, full_check=True)
    return model


def _trace(program: Program, groups: dict[str, Tensor]) -> ModelProto:
    """The graph from ``groups`` to all stages, each with its name."""
    batch, stages = torch.export.Dim("batch"), list(program(groups))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its own deprecations
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # and of torchvision's absence
        exported: Any = torch.onnx.export(
            program,
            (),
            kwargs={"inputs": groups},
            dynamo=True,
            input_names=list(groups),
            output_names=stages,
            opset_version=OPSET,
            external_data=False,
            dynamic_shapes={"inputs": {name: {0: batch} for name in groups}},
            verbose=False,
        )
    return exported.model_proto


def _label_encoders(vocabularies: Sequence[Sequence[str]]) -> list[NodeProto]:
    """Nodes from category text ``[batch, columns]`` to codes ``[batch, columns]``."""
    texts = [f"text_{index}" for index in range(len(vocabularies))]
    coded = [f"code_{index}" for index in range(len(vocabularies))]
    encoders = [
        helper.make_node(
            "LabelEncoder",
            [text],
            [code],
            domain="ai.onnx.ml",
            keys_strings=vocabulary,
            values_int64s=list(range(UNSEEN + 1, UNSEEN + 1 + len(vocabulary))),
            default_int64=UNSEEN,
        )
        for text, code, vocabulary in zip(texts, coded, vocabularies, strict=True)
    ]
    split = helper.make_node("Split", ["category"], texts, axis=1, num_outputs=len(texts))
    return [split, *encoders, helper.make_node("Concat", coded, ["codes"], axis=1)]
