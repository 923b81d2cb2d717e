"""A foreign graph between the contract's inputs and the task's output, as one graph of a bundle."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt
import onnx
import onnx.compose
from onnx import ModelProto, TensorProto, ValueInfoProto, helper

from ...contract import Contract
from ...errors import BundleError
from ..bundle import open_session
from ..inputs import Inputs
from . import mapping
from .foreign import INSIDE, classes, only, read, upgrade, without_maps
from .parts import FLOATS, kind_of, make_part, run, shape_of, told_of, word_of

Answers = npt.NDArray[Any]
KINDS = {"numeric": TensorProto.FLOAT, "category": TensorProto.STRING, "time": TensorProto.INT64}
WHOLE = (TensorProto.INT64, TensorProto.INT32)
TAKEN = {
    "numeric": (*FLOATS, *WHOLE),
    "category": (TensorProto.STRING,),
    "time": (TensorProto.INT64, TensorProto.DOUBLE),
}


@dataclass(frozen=True, kw_only=True)
class Wrapped:
    """One graph, and the parts that it was joined from."""

    graph: bytes
    parts: tuple[bytes, bytes, bytes]
    """What leads to the foreign graph, that graph as it came, and what leads on from it."""
    told: str
    """What is taken from what, in words."""


def wrap(
    contract: Contract,
    path: Path,
    rows: Inputs,
    *,
    encoding: Path | None = None,
    output: str | None = None,
    logits: bool = False,
) -> Wrapped:
    """Put the graph of a file between the contract's inputs and the task's output.

    ``encoding`` is the graph whose ``matrix`` it takes, if it takes one; ``rows`` are some, to see
    what it answers.

    Raises:
        BundleError: what it takes or gives cannot be what the contract says.
    """
    given = read(path)
    foreign = without_maps(given)
    before = _before_matrix(path, foreign, read(encoding)) if encoding else None
    before = before or _before_columns(contract, path, foreign)
    chosen = mapping.output_of(path, foreign, output)
    foreign = only(foreign, chosen)
    fed = run(before, rows.feed())
    raw = {name.removeprefix(INSIDE): found for name, found in fed.items()}
    answers = run(foreign, raw)[chosen]
    named = classes(given)
    after, told = mapping.after(
        contract, path, answers, named, coded=encoding is not None, logits=logits
    )
    inside = upgrade(path, foreign)
    mapping.refuse_other_numbers(contract, path, answers, after)
    after = _like(after, inside)
    joined = onnx.compose.merge_models(
        _like(before, inside), inside, io_map=[(name, name) for name in fed]
    )
    joined = onnx.compose.merge_models(joined, after, io_map=[(INSIDE + chosen, "given")])
    joined.graph.name = "imported"
    joined.producer_name = joined.producer_version = joined.doc_string = ""
    onnx.checker.check_model(joined)
    parts = tuple(part.SerializeToString() for part in (before, foreign, after))
    return Wrapped(graph=joined.SerializeToString(), parts=parts, told=told)


def in_parts(wrapped: Wrapped, rows: Inputs) -> Answers:
    """The outputs for rows by one part after another, each in its own session."""
    before, foreign, after = (open_session(part) for part in wrapped.parts)
    names = [found.name for found in before.get_outputs()]
    fed = dict(zip(names, before.run(None, rows.feed()), strict=True))
    (answers,) = foreign.run(None, {name.removeprefix(INSIDE): v for name, v in fed.items()})
    return after.run(None, {"given": answers})[0]  # type: ignore[no-any-return]


def groups(contract: Contract) -> dict[str, tuple[str, ...]]:
    """The columns of each input of a bundle's graph; a group without columns is no input."""
    found = {"numeric": contract.numeric, "category": contract.category, "time": contract.times}
    return {group: names for group, names in found.items() if names}


def _before_matrix(path: Path, foreign: ModelProto, encoding: ModelProto) -> ModelProto:
    """The contract's inputs to the one matrix that the model takes."""
    inputs, width = foreign.graph.input, shape_of(encoding.graph.output[0])[1]
    if len(inputs) != 1 or kind_of(inputs[0]) not in FLOATS or len(shape_of(inputs[0])) != 2:
        raise BundleError(
            f"'{path}' takes {told_of(inputs)}, and with an encoding it is to take one matrix of floats"
            f" [rows, {width}]; leave --encoding out if it takes columns"
        )
    batch, columns = shape_of(inputs[0])
    _refuse_fixed_batch(path, inputs[0].name, batch)
    if columns not in {width, None}:
        raise BundleError(
            f"'{path}' takes {columns} columns and the encoding gives {width}; give the encoding that"
            " the model was trained on"
        )
    name = INSIDE + inputs[0].name
    before = onnx.compose.add_prefix(
        encoding, "encoding/", rename_inputs=False, rename_outputs=False
    )
    before.graph.node.append(helper.make_node("Cast", ["matrix"], [name], to=kind_of(inputs[0])))
    del before.graph.output[:]
    before.graph.output.append(
        helper.make_tensor_value_info(name, kind_of(inputs[0]), ["batch", width])
    )
    return before


def _before_columns(contract: Contract, path: Path, foreign: ModelProto) -> ModelProto:
    """The contract's inputs to a model's own: one for each column, or the groups as they are."""
    found, nodes, outputs = groups(contract), [], []
    constants: dict[str, Any] = {}
    place = _places(found)
    for value in foreign.graph.input:
        name, kind, shape = value.name, kind_of(value), shape_of(value)
        if name in place:
            group, at = place[name]
            _refuse_kind(contract, path, value, group, [found[group][at]])
            _refuse_shape(path, value, width=1, ranks=(1, 2))
            constants[f"at/{name}"] = [at]
            constants[f"rank/{len(shape)}"] = [-1, 1][: len(shape)]
            nodes.append(helper.make_node("Gather", [group, f"at/{name}"], [f"c/{name}"], axis=1))
            nodes.append(
                helper.make_node("Reshape", [f"c/{name}", f"rank/{len(shape)}"], [f"column/{name}"])
            )
            source, sizes = f"column/{name}", ["batch", 1][: len(shape)]
        elif name in found:
            _refuse_kind(contract, path, value, name, found[name])
            _refuse_shape(path, value, width=len(found[name]), ranks=(2,))
            source, sizes = name, ["batch", len(found[name])]
        else:
            raise _not_taken(contract, path, foreign.graph.input)
        # onnxruntime casts no text to text
        cast = {} if kind == TensorProto.STRING else {"to": kind}
        nodes.append(
            helper.make_node("Cast" if cast else "Identity", [source], [INSIDE + name], **cast)
        )
        outputs.append(helper.make_tensor_value_info(INSIDE + name, kind, sizes))
    inputs = [
        helper.make_tensor_value_info(group, KINDS[group], ["batch", len(names)])
        for group, names in found.items()
    ]
    numbers = [
        helper.make_tensor(name, TensorProto.INT64, [len(found)], found)
        for name, found in constants.items()
    ]
    return make_part(nodes, inputs, outputs, numbers)


def _places(found: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, int]]:
    """Each column's group and place there, by its name, and by the identifier made of it.

    skl2onnx writes ``mean_area`` for ``mean area``. What two columns would be called is left out.
    """
    place = {name: (group, at) for group, names in found.items() for at, name in enumerate(names)}
    written = Counter(re.sub(r"\W", "_", name) for name in place)
    renamed = {re.sub(r"\W", "_", name): where for name, where in place.items()}
    return {name: where for name, where in renamed.items() if written[name] == 1} | place


def _not_taken(contract: Contract, path: Path, inputs: Sequence[ValueInfoProto]) -> BundleError:
    columns = ", ".join(contract.features)
    if len(inputs) == 1 and kind_of(inputs[0]) in FLOATS and len(shape_of(inputs[0])) == 2:
        return BundleError(
            f"'{path}' takes {told_of(inputs)}, one matrix: name the encoding that it was trained on"
            " (--encoding data/encoded/<name>, made by: encode-rows), or export it with an input"
            f" for each column ({columns})"
        )
    return BundleError(
        f"'{path}' takes {told_of(inputs)}; valid are inputs named after the contract's columns"
        f" ({columns}), its groups ({', '.join(groups(contract))}), or with --encoding one matrix"
    )


def _refuse_kind(
    contract: Contract, path: Path, value: ValueInfoProto, group: str, columns: Sequence[str]
) -> None:
    kind, name = kind_of(value), value.name
    if kind not in TAKEN[group]:
        valid = " or ".join(word_of(one) for one in TAKEN[group])
        raise BundleError(
            f"'{path}' takes '{name}' as {word_of(kind)}, and it is {valid} here; declare it so when you"
            " export"
        )
    gaps = [column for column in columns if contract.columns[column].nullable]
    if group == "numeric" and kind in WHOLE and gaps:
        raise BundleError(
            f"'{path}' takes '{name}' as {word_of(kind)}, which cannot be missing as '{gaps[0]}' may be;"
            " declare it as float when you export, where missing is NaN"
        )


def _refuse_shape(path: Path, value: ValueInfoProto, *, width: int, ranks: Sequence[int]) -> None:
    shape = shape_of(value)
    if len(shape) not in ranks or (len(shape) == 2 and shape[1] not in {width, None}):
        valid = " or ".join(["[rows]", f"[rows, {width}]"][rank - 1] for rank in ranks)
        raise BundleError(
            f"'{path}' takes '{value.name}' as {told_of([value])}, and it is {valid} here; export it with"
            " that shape"
        )
    _refuse_fixed_batch(path, value.name, shape[0])


def _refuse_fixed_batch(path: Path, name: str, batch: int | None) -> None:
    if batch is not None:
        raise BundleError(
            f"'{path}' takes '{name}' {batch} rows at a time, and servers ask for any number; export it"
            " with a first dimension that is free (None, dynamic_axes)"
        )


def _like(model: ModelProto, other: ModelProto) -> ModelProto:
    """A copy at the versions of another graph."""
    copy = ModelProto()
    copy.CopyFrom(model)
    copy.ir_version = other.ir_version
    own = [found for found in copy.opset_import if found.domain not in {"", "ai.onnx.ml"}]
    del copy.opset_import[:]
    copy.opset_import.extend([*other.opset_import, *own])
    return copy
