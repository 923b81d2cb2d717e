"""The program as one ONNX graph: category text in, outputs out, byte-identical on repeat.

Its inner tensors ``codes``, ``numbers``, ``encoded``, ``raw`` and ``logits`` are the stages between;
the model's metadata name the columns of ``numbers``.
"""

import json
import logging
import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import onnx
import onnx.compose
import torch
from onnx import ModelProto, OperatorSetIdProto, TensorProto, helper
from torch import Tensor, nn

from .columns import UNSEEN
from .inputs import Inputs
from .preprocess import Preprocess
from .program import Program
from .trees import Matrices, Trees

# What onnxruntime has long read; newer defaults are refused.
IR_VERSION, OPSET, OPSET_ML = 10, 20, 3
NAMES = "numbers"
"""The key of the model's metadata that holds the names of the columns of ``numbers``, as JSON."""


def export(program: Program, example: Inputs) -> ModelProto:
    """The graph with inputs ``numeric``, ``category`` and ``time`` (those that have columns).

    ``example`` needs two rows or more, so that no size is taken for a constant.
    """
    given = program.eval().preprocess.tensors(example)
    if isinstance(program.body, Trees):
        graph = _around_trees(program, program.body, given)
    else:
        graph = _torch_part(program.trace, program, given)
    return _finish(graph, program.preprocess, program.output)


def export_encoding(preprocess: Preprocess, matrices: Matrices, example: Inputs) -> ModelProto:
    """The same inputs to ``matrix`` ``[batch, columns + categories]``: what trees are grown on."""
    part = _matrix_part(preprocess, matrices, preprocess.tensors(example), "matrix")
    return _finish(part, preprocess, "matrix")


def _around_trees(program: Program, trees: Trees, given: dict[str, Tensor]) -> ModelProto:
    """Preprocess and head are torch's, the trees between them their library's."""
    before = _matrix_part(program.preprocess, trees.matrices, given, "encoded")

    def head(inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        logits = program.head.logits(inputs["raw"])
        return {"logits": logits, program.output: program.head.outputs(logits)}

    after = _torch_part(head, program.head, {"raw": torch.zeros(2, program.head.width)})
    after = onnx.compose.add_prefix(after, "head_", rename_inputs=False, rename_outputs=False)
    middle = ModelProto()
    middle.CopyFrom(trees.graph)
    joined = _join(before, middle, "encoded", "matrix")
    return _join(joined, after, "raw", "raw")


def _matrix_part(
    preprocess: Preprocess, matrices: Matrices, given: dict[str, Tensor], name: str
) -> ModelProto:
    def encode(inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        numbers, codes = preprocess(inputs)
        return {"numbers": numbers, name: matrices(numbers, codes)}

    return _torch_part(encode, nn.ModuleList([preprocess, matrices]), given)


class _Part(nn.Module):
    """A function of named tensors as a module, with the modules whose buffers it uses."""

    def __init__(
        self, function: Callable[[dict[str, Tensor]], dict[str, Tensor]], owner: nn.Module
    ) -> None:
        super().__init__()
        self.function, self.owner = function, owner

    def forward(self, inputs: dict[str, Tensor]) -> tuple[Tensor, ...]:
        return tuple(self.function(inputs).values())


def _torch_part(
    function: Callable[[dict[str, Tensor]], dict[str, Tensor]],
    owner: nn.Module,
    given: dict[str, Tensor],
) -> ModelProto:
    """A function of ``given`` whose inputs and results have these names."""
    module, batch = _Part(function, owner).eval(), torch.export.Dim("batch")
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")  # the exporter warns of its own deprecations
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # and of torchvision's absence
        exported = torch.onnx.export(
            module,
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
    _rename(part, names)
    results = zip(part.graph.output, function(given), strict=True)
    _rename(part, {value.name: name for value, name in results})
    return part


def _rename(model: ModelProto, names: dict[str, str]) -> None:
    """Give tensors other names."""
    for node in model.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for value in [*model.graph.input, *model.graph.output]:
        value.name = names.get(value.name, value.name)


def _join(first: ModelProto, second: ModelProto, output: str, into: str) -> ModelProto:
    """One graph after another at the versions of this module; every other output stays one."""
    _set_versions(first)
    _set_versions(second)
    return onnx.compose.merge_models(first, second, io_map=[(output, into)])


def _set_versions(model: ModelProto) -> None:
    """Of each domain one version, which says nothing of the tensors between: names have moved."""
    model.ir_version = IR_VERSION
    del model.opset_import[:]
    model.opset_import.extend(_opsets())
    del model.graph.value_info[:]


def _opsets() -> list[OperatorSetIdProto]:
    return [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", OPSET_ML)]


def _finish(graph: ModelProto, preprocess: Preprocess, output: str) -> ModelProto:
    """A graph that takes categories as text, and gives one output."""
    if preprocess.vocabularies:
        graph = _join(_vocabulary_prefix(preprocess.vocabularies), graph, "codes", "codes")
    _set_versions(graph)
    _strip(graph)
    (result,) = (value for value in graph.graph.output if value.name == output)
    del graph.graph.output[:]
    graph.graph.output.append(result)
    helper.set_model_props(graph, {NAMES: json.dumps(preprocess.names)})
    onnx.checker.check_model(graph, full_check=True)
    return graph


def _vocabulary_prefix(vocabularies: Sequence[Sequence[str]]) -> ModelProto:
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
    nodes.append(helper.make_node("Concat", coded, ["codes"], axis=1))
    graph = helper.make_graph(
        nodes,
        "vocabularies",
        [helper.make_tensor_value_info("category", TensorProto.STRING, ["batch", n_columns])],
        [helper.make_tensor_value_info("codes", TensorProto.INT64, ["batch", n_columns])],
    )
    return helper.make_model(graph, opset_imports=_opsets(), ir_version=IR_VERSION)


def _strip(model: ModelProto) -> None:
    """Drop what tells of the machine: source lines, paths, tool versions."""
    model.producer_name = model.producer_version = model.doc_string = ""
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    model.graph.doc_string = ""
    model.graph.name = "program"
    for part in [
        *model.functions,
        *model.graph.node,
        *model.graph.initializer,
        *model.graph.input,
        *model.graph.output,
    ]:
        part.doc_string = ""
        del part.metadata_props[:]
