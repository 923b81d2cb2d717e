"""A graph that somebody else made: read with suspicion, brought to the versions that serve.

Nothing of the file is run before it has passed here, and then only by onnxruntime.
"""

from collections.abc import Iterator
from pathlib import Path

import onnx
import onnx.compose
import onnx.numpy_helper
import onnx.version_converter
from onnx import (
    AttributeProto,
    GraphProto,
    ModelProto,
    NodeProto,
    TensorProto,
    helper,
)
from onnx.defs import SchemaError, get_schema

from ...errors import BundleError
from ..graph import IR_VERSION, OPSET, OPSET_ML
from .parts import FLOATS

MOST_BYTES = 500_000_000
DOMAINS = ("", "ai.onnx.ml")
INSIDE = "model/"
"""Before every name of the graph, so that it may use any."""
LABELS = ("classlabels_strings", "classlabels_int64s", "classlabels_ints")


def read(path: Path) -> ModelProto:
    """The graph of a file, whole and of operators that the server knows.

    Raises:
        BundleError: it is no such graph, too large, or refers to other files.
    """
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise BundleError(
                f"'{path}' has {size / 1e6:,.0f} MB, and {MOST_BYTES / 1e6:,.0f} are the most that is"
                " served; fewer or shallower trees, or a smaller network, make it smaller"
            )
        model = onnx.load(path, load_external_data=False)
    except OSError as error:
        raise BundleError(f"'{path}' cannot be read: {error}") from None
    except Exception as error:  # protobuf has errors of its own
        raise BundleError(f"'{path}' is no ONNX model: {error}; export one to ONNX") from None
    _refuse_other_files(path, model)
    _refuse_unknown_operators(path, model)
    try:
        onnx.checker.check_model(model)
    except Exception as error:  # of many kinds
        raise BundleError(f"'{path}' is no valid ONNX model: {error}") from None
    return model


def upgrade(path: Path, model: ModelProto) -> ModelProto:
    """The same graph at this project's versions, with ``INSIDE`` before its names.

    Raises:
        BundleError: an operator is newer, or cannot be brought to a newer form.
    """
    # Some exporters list a domain twice, or at a version that none of their operators needs.
    given = {found.domain: 0 for found in model.opset_import}
    for found in model.opset_import:
        given[found.domain] = max(given[found.domain], found.version)
    model = _with_versions(model, given)
    since = {node.op_type: _since(path, node, given) for node in nodes(model) if not node.domain}
    newer = sorted(name for name, version in since.items() if version > OPSET)
    if newer:
        raise BundleError(
            f"'{path}' was exported with opset {given['']} and uses {', '.join(newer)} of it; export"
            f" it with opset {OPSET} or older (target_opset={OPSET})"
        )
    if any(_latest(name) != version for name, version in since.items()):
        try:
            model = onnx.version_converter.convert_version(model, OPSET)
        except Exception as error:  # of many kinds
            raise BundleError(
                f"'{path}' has opset {given['']} and cannot be brought to {OPSET}: {error}; export it"
                f" with target_opset={OPSET}"
            ) from None
    model = _with_versions(
        model, {"": OPSET, "ai.onnx.ml": max(OPSET_ML, given.get(DOMAINS[1], 0))}
    )
    model.ir_version = IR_VERSION
    return onnx.compose.add_prefix(model, INSIDE)


def without_maps(model: ModelProto) -> ModelProto:
    """A copy whose outputs are tensors: scikit-learn's dictionaries are the matrix before them."""
    changed = ModelProto()
    changed.CopyFrom(model)
    graph = changed.graph
    maps = {node.output[0]: node for node in graph.node if node.op_type == "ZipMap"}
    for output in graph.output:
        if output.name in maps:
            output.CopyFrom(
                helper.make_tensor_value_info(
                    maps[output.name].input[0], TensorProto.FLOAT, ["batch", None]
                )
            )
    kept = [node for node in graph.node if node.op_type != "ZipMap"]
    del graph.node[:]
    graph.node.extend(kept)
    given = {one.name for one in graph.initializer}  # old exports list weights among the inputs
    inputs = [value for value in graph.input if value.name not in given]
    del graph.input[:]
    graph.input.extend(inputs)
    return changed


def only(model: ModelProto, output: str) -> ModelProto:
    """What of the graph leads to one of its outputs."""
    graph, needed, kept = model.graph, {output}, []
    for node in reversed(graph.node):
        if needed & set(node.output):
            kept.append(node)
            needed.update(node.input)
            for inner in _inner(node):
                needed.update(name for below in _below(inner) for name in below.input)
                needed.update(value.name for value in inner.output)
    pruned = helper.make_model(
        helper.make_graph(
            kept[::-1],
            graph.name,
            graph.input,
            [value for value in graph.output if value.name == output],
            [one for one in graph.initializer if one.name in needed],
            sparse_initializer=[o for o in graph.sparse_initializer if o.values.name in needed],
        ),
        opset_imports=model.opset_import,
        functions=model.functions,
        ir_version=model.ir_version,
    )
    checked: ModelProto = pruned
    return checked


def classes(model: ModelProto) -> list[list[str | int]]:
    """The lists of labels that the graph's classifiers name, each once."""
    found = []
    for node in nodes(model):
        for part in node.attribute:
            values = [*part.ints, *(text.decode() for text in part.strings)]
            if part.name in LABELS and values and values not in found:
                found.append(values)
    return found


def parameters(model: ModelProto) -> int:
    """Numbers that were learned: of weights, and of the trees and tables inside operators."""
    tensors = [one for one in model.graph.initializer if one.data_type in FLOATS]
    weights = sum(len(onnx.numpy_helper.to_array(one).ravel()) for one in tensors)
    return weights + sum(len(part.floats) for node in nodes(model) for part in node.attribute)


def nodes(model: ModelProto) -> Iterator[NodeProto]:
    """Every operator, those inside branches, loops and functions too."""
    yield from _below(model.graph)
    for function in model.functions:
        for node in function.node:
            yield node
            for inner in _inner(node):
                yield from _below(inner)


def _below(graph: GraphProto) -> Iterator[NodeProto]:
    for node in graph.node:
        yield node
        for inner in _inner(node):
            yield from _below(inner)


def _inner(node: NodeProto) -> Iterator[GraphProto]:
    for part in node.attribute:
        if part.type == AttributeProto.GRAPH:
            yield part.g
        yield from part.graphs


def _tensors(model: ModelProto) -> Iterator[TensorProto]:
    inner = [graph for node in nodes(model) for graph in _inner(node)]
    for graph in [model.graph, *inner]:
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield from (sparse.values, sparse.indices)
    for node in nodes(model):
        for part in node.attribute:
            yield from (part.t, part.sparse_tensor.values, part.sparse_tensor.indices)
            yield from part.tensors


def _refuse_other_files(path: Path, model: ModelProto) -> None:
    for tensor in _tensors(model):
        if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
            raise BundleError(
                f"'{path}' keeps the tensor '{tensor.name}' in another file, and a bundle is one graph;"
                " export it with its weights inside (external_data=False, save_as_external_data=False)"
            )


def _refuse_unknown_operators(path: Path, model: ModelProto) -> None:
    own = {(function.domain, function.name) for function in model.functions}
    for node in nodes(model):
        domain = "" if node.domain == "ai.onnx" else node.domain
        if domain not in DOMAINS and (node.domain, node.op_type) not in own:
            raise BundleError(
                f"'{path}' uses the operator {node.op_type} of '{domain}', which the server does not"
                " have; valid are those of ai.onnx and ai.onnx.ml: export without custom operators"
            )


def _with_versions(model: ModelProto, versions: dict[str, int]) -> ModelProto:
    changed = ModelProto()
    changed.CopyFrom(model)
    own = {name: n for name, n in versions.items() if name not in {"ai.onnx", *DOMAINS}}
    known = {name: n for name, n in versions.items() if name in DOMAINS}
    del changed.opset_import[:]
    changed.opset_import.extend(helper.make_opsetid(n, v) for n, v in {**known, **own}.items())
    return changed


def _since(path: Path, node: NodeProto, given: dict[str, int]) -> int:
    """From which opset on an operator is what it is in the file."""
    try:
        return int(get_schema(node.op_type, given[""], "").since_version)
    except (KeyError, SchemaError):
        raise BundleError(
            f"'{path}' uses {node.op_type}, which opset {given.get('', 0)} does not have; export it"
            f" with target_opset={OPSET}"
        ) from None


def _latest(name: str) -> int:
    """The same in this project's opset."""
    try:
        return int(get_schema(name, OPSET, "").since_version)
    except SchemaError:
        return 0
