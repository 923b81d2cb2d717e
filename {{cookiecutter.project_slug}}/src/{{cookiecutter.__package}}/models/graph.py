"""The program as one ONNX graph: category text in, outputs out, byte-identical on repeat."""

import logging
import tempfile
import warnings
from pathlib import Path

import onnx
import onnx.compose
import torch
from onnx import ModelProto, OperatorSetIdProto, TensorProto, helper
from torch import Tensor, nn

from .encode import UNSEEN
from .front import Front
from .inputs import Inputs
from .program import Program
from .trees import Matrices, Trees

# What onnxruntime has long read; newer defaults are refused.
IR_VERSION, OPSET, OPSET_ML = 10, 20, 3


def export(program: Program, example: Inputs) -> ModelProto:
    """The graph with inputs ``numeric``, ``category`` and ``time`` (those that have columns).

    ``example`` needs two rows or more, so that no size is taken for a constant.
    """
    given = program.eval().front.tensors(example)
    if isinstance(program.body, Trees):
        graph = _around_trees(program, program.body, given)
    else:
        graph = _torch_part(program, given, [program.output])
    return _from_text(program.front, graph)


def export_encoding(front: Front, matrices: Matrices, example: Inputs) -> ModelProto:
    """The same inputs to ``matrix`` ``[batch, columns + categories]``: what trees are grown on."""
    part = _torch_part(_Encoding(front, matrices), front.tensors(example), ["matrix"])
    return _from_text(front, part)


def _from_text(front: Front, graph: ModelProto) -> ModelProto:
    """A finished graph that takes categories as text, where the part took codes."""
    if front.vocabularies:
        prefix = _vocabulary_prefix(front.vocabularies)
        graph = onnx.compose.merge_models(prefix, graph, io_map=[("coded", "codes")])
    _strip(graph)
    onnx.checker.check_model(graph, full_check=True)
    return graph


class _Encoding(nn.Module):
    def __init__(self, front: Front, matrices: Matrices) -> None:
        super().__init__()
        self.front, self.matrices = front, matrices

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        return self.matrices(*self.front(inputs))  # type: ignore[no-any-return]


class _AfterTrees(nn.Module):
    def __init__(self, program: Program) -> None:
        super().__init__()
        self.head = program.head

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        return self.head(inputs["raw"])  # type: ignore[no-any-return]


def _around_trees(program: Program, trees: Trees, given: dict[str, Tensor]) -> ModelProto:
    """Front and head are torch's, the trees between them their library's."""
    before = _torch_part(_Encoding(program.front, trees.matrices), given, ["matrix"])
    raw = {"raw": torch.zeros(2, program.head.width)}
    after = _torch_part(_AfterTrees(program), raw, [program.output])
    middle = ModelProto()
    middle.CopyFrom(trees.graph)
    middle.ir_version = IR_VERSION
    del middle.opset_import[:]
    middle.opset_import.extend(_opsets())
    joined = onnx.compose.merge_models(before, middle, io_map=[("matrix", "matrix")])
    after = onnx.compose.add_prefix(after, "head_", rename_inputs=False, rename_outputs=False)
    return onnx.compose.merge_models(joined, after, io_map=[("raw", "raw")])


def _torch_part(module: nn.Module, given: dict[str, Tensor], outputs: list[str]) -> ModelProto:
    """A module whose ``forward`` takes ``given``, with inputs and outputs of these names."""
    batch = torch.export.Dim("batch")
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")  # the exporter warns of its own deprecations
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # and of torchvision's absence
        exported = torch.onnx.export(
            module.eval(),
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
        path = Path(folder) / "part.onnx"
        exported.save(path)
        part = onnx.load(path)
    names = {value.name: name for value, name in zip(part.graph.input, given, strict=True)}
    names |= {value.name: name for value, name in zip(part.graph.output, outputs, strict=True)}
    for node in part.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for value in [*part.graph.input, *part.graph.output]:
        value.name = names[value.name]
    part.ir_version = IR_VERSION
    del part.opset_import[:]
    part.opset_import.extend(_opsets())
    return part


def _opsets() -> list[OperatorSetIdProto]:
    return [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", OPSET_ML)]


def _vocabulary_prefix(vocabularies: list[list[str]]) -> ModelProto:
    """Category text ``[batch, columns]`` to codes ``[batch, columns]``."""
    n_columns = len(vocabularies)
    texts = [f"text_{index}" for index in range(n_columns)]
    coded = [f"code_{index}" for index in range(n_columns)]
    nodes = [helper.make_node("Split", ["category"], texts, axis=1, num_outputs=n_columns)]
    for column, code, vocabulary in zip(texts, coded, vocabularies, strict=True):
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
    nodes.append(helper.make_node("Concat", coded, ["coded"], axis=1))
    graph = helper.make_graph(
        nodes,
        "vocabularies",
        [helper.make_tensor_value_info("category", TensorProto.STRING, ["batch", n_columns])],
        [helper.make_tensor_value_info("coded", TensorProto.INT64, ["batch", n_columns])],
    )
    return helper.make_model(graph, opset_imports=_opsets(), ir_version=IR_VERSION)


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
