"""What a graph computes on its way from a row to a prediction, read by the names of its stages."""

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import ModelProto, helper

from ...contract import Contract
from ...models.bundle import open_session
from ...models.calendar import Calendar
from ...models.graph import NAMES
from ...models.inputs import Inputs
from ...models.preprocess import Preprocess

Values = npt.NDArray[np.float32]
STAGES = ("codes", "numbers", "encoded", "raw", "logits")


@dataclass(frozen=True, kw_only=True)
class Trace:
    """One row's values between the graph's stages; ``None`` for a stage that the graph does not name,
    as one that was made elsewhere may not.
    """

    codes: Values | None
    """``[categories]``: the number of each category's value, 0 for one that training did not see."""
    names: tuple[str, ...]
    """What ``numbers`` and ``computed`` are."""
    numbers: Values | None
    """``[names]``: the row's numbers, the calendar's and those of ``features.py``, in the graph."""
    computed: Values | None
    """The same by this project's code as it is now."""
    encoded: Values | None
    """``[encoded]``: what the first layer, or the trees, take."""
    raw: Values | None
    """``[width]``: what the model gives, before temperature and offset."""
    logits: Values | None
    """The same after them."""


def trace_of(graph: bytes, contract: Contract, row: Inputs) -> Trace:
    """Run a graph on one row with its inner values exposed."""
    model = onnx.load_from_string(graph)
    made = {name for node in model.graph.node for name in node.output}
    stages = [stage for stage in STAGES if stage in made]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in stages)
    results = open_session(model.SerializeToString()).run(stages, row.feed()) if stages else []
    values = dict(zip(stages, (result[0].ravel() for result in results), strict=True))
    names = next((p.value for p in model.metadata_props if p.key == NAMES), "[]")
    return Trace(
        codes=values.get("codes"),
        names=tuple(json.loads(names)),
        numbers=values.get("numbers"),
        computed=_by_code(model, contract, row, tuple(json.loads(names))),
        encoded=values.get("encoded"),
        raw=values.get("raw"),
        logits=values.get("logits"),
    )


@torch.no_grad()
def _by_code(
    model: ModelProto, contract: Contract, row: Inputs, names: tuple[str, ...]
) -> Values | None:
    """The numbers by this project's code as it is now; ``None`` where it makes other columns."""
    yearly = any(name.endswith(".day_of_year") for name in names)
    vocabularies = [
        [text.decode() for text in helper.get_attribute_value(attribute)]
        for node in model.graph.node
        if node.op_type == "LabelEncoder"
        for attribute in node.attribute
        if attribute.name == "keys_strings"
    ]
    if not names or len(vocabularies) != len(contract.category):
        return None
    preprocess = Preprocess(contract, Calendar(contract.zone, yearly=yearly), vocabularies)
    try:
        if preprocess.names != names:
            return None
    except KeyError:  # features.py is by now about columns that this model does not have
        return None
    numbers: Values = preprocess(preprocess.tensors(row))[0][0].numpy()
    return numbers
