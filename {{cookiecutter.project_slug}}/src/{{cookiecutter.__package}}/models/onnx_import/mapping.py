"""What a foreign graph gives, as the outputs of the contract's task."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, TensorProto, helper

from ...contract import Contract
from ...errors import BundleError
from ...values import canonical_category
from ..tasks import task_of
from .parts import FLOATS, kind_of, make_part, run, told_of

Answers = npt.NDArray[Any]


def output_of(path: Path, foreign: ModelProto, name: str | None) -> str:
    """The output that holds what is predicted."""
    outputs = foreign.graph.output
    fitting: list[str] = [value.name for value in outputs if kind_of(value) in FLOATS]
    if name is not None:
        if name not in fitting:
            raise BundleError(
                f"'{path}' has no output '{name}' of floats; it gives {told_of(outputs)}"
            )
        return name
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise BundleError(
            f"'{path}' gives {told_of(outputs)}, and no probability or value as floats; export what"
            " predict_proba gives (of a regression: predict)"
        )
    raise BundleError(
        f"'{path}' gives {told_of(outputs)}: say by --output which of {', '.join(fitting)} is predicted"
    )


def after(
    contract: Contract,
    path: Path,
    answers: Answers,
    named: Sequence[Sequence[str | int]],
    *,
    coded: bool,
    logits: bool,
) -> tuple[ModelProto, str]:
    """What the model gives to the task's output."""
    width = answers.shape[1] if answers.ndim == 2 else 1
    if answers.ndim not in {1, 2}:
        raise BundleError(
            f"'{path}' gives {list(answers.shape)} for {len(answers)} rows, not [rows]"
        )
    kind = helper.np_dtype_to_tensor_dtype(answers.dtype)
    given = helper.make_tensor_value_info("given", kind, ["batch", width][: answers.ndim])
    nodes, source = [], "given"
    if logits and contract.task != "regression":
        step = {"axis": 1} if width > 1 else {}
        nodes.append(helper.make_node("Softmax" if step else "Sigmoid", [source], ["sure"], **step))
        source = "sure"
    places, told = _places(contract, path, width, named, coded=coded)
    several = contract.task == "multiclass"
    constants = []
    if width > 1:
        at = helper.make_tensor("places", TensorProto.INT64, [len(places)], places)
        nodes.append(helper.make_node("Gather", [source, "places"], ["picked"], axis=1))
        constants.append(at)
        source = "picked"
    name = task_of(contract).output
    if not several:
        constants.append(helper.make_tensor("flat", TensorProto.INT64, [1], [-1]))
        nodes.append(helper.make_node("Reshape", [source, "flat"], ["row"]))
        source = "row"
    nodes.append(helper.make_node("Cast", [source], [name], to=TensorProto.FLOAT))
    shape = ["batch", len(places)] if several else ["batch"]
    output = helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    return make_part(nodes, [given], [output], constants), told


def _places(
    contract: Contract,
    path: Path,
    width: int,
    named: Sequence[Sequence[str | int]],
    *,
    coded: bool,
) -> tuple[list[int], str]:
    """Which of the model's columns are the task's, in its order, and that in words."""
    labels = list(contract.labels or ())
    if contract.task == "regression":
        if width != 1:
            raise BundleError(f"'{path}' gives {width} numbers a row; a regression has one")
        return [0], f"the value of '{contract.target}'"
    positive = canonical_category(contract.positive)
    wanted = labels if contract.task == "multiclass" else [positive]
    valid = {len(labels)} if contract.task == "multiclass" else {1, 2}
    if width not in valid:
        raise BundleError(
            f"'{path}' gives {width} probabilities a row, and a {contract.task} task has"
            f" {' or '.join(map(str, sorted(valid)))}"
            + (f" (labels: {', '.join(labels)}); train it on rows of each" if labels else "")
        )
    if width == 1:
        return [0], f"the probability of '{positive}'"
    fitting = [found for found in named if len(found) == width]
    if len(fitting) != 1:
        order = ", ".join(labels) if contract.task == "multiclass" else f"other, {positive}"
        places = list(range(width)) if contract.task == "multiclass" else [1]
        return places, f"probabilities in the order {order}, as the file does not say which"
    texts = _texts(contract, fitting[0], coded=coded)
    if not set(wanted) <= set(texts) or (labels and set(labels) != set(texts)):
        raise BundleError(
            f"'{path}' tells apart {', '.join(map(str, fitting[0]))}; the contract's labels are"
            f" {', '.join(labels or wanted)}: train it on these, or on their numbers, from 0 on"
        )
    return [texts.index(label) for label in wanted], f"probabilities of {', '.join(wanted)}"


def _texts(contract: Contract, found: Sequence[str | int], *, coded: bool) -> list[str]:
    """A model's labels as the contract writes them; numbers may count the contract's."""
    labels = list(contract.labels or ())
    texts, positive = [canonical_category(value) for value in found], contract.positive
    numbers = sorted(map(str, found)) == [str(n) for n in range(len(found))]
    by_name = set(texts) == set(labels) or canonical_category(positive) in texts
    if not numbers or (by_name and not coded):
        return texts
    if contract.task == "multiclass":
        return [labels[int(value)] for value in found]
    if isinstance(positive, bool) and not coded:  # libraries make numbers of true and false
        return [canonical_category(bool(int(value))) for value in found]
    other = next((label for label in labels if label != positive), f"not {positive}")
    return [[other, canonical_category(positive)][int(value)] for value in found]


def refuse_other_numbers(
    contract: Contract, path: Path, answers: Answers, after: ModelProto
) -> None:
    """Look at what some rows get: logits and gaps show in the numbers alone.

    Raises:
        BundleError: they are no outputs of the task.
    """
    task = task_of(contract)
    outputs = run(after, {"given": answers})[task.output]
    if task.valid(outputs):
        return
    low, high = answers.min(), answers.max()
    if not np.isfinite(answers).all():
        raise BundleError(
            f"'{path}' gives numbers that are not finite for training rows; let its pipeline fill what"
            " is missing (SimpleImputer), and export again"
        )
    raise BundleError(
        f"'{path}' gives {low:.4g} to {high:.4g}, which is no {task.output}: let it end in a sigmoid,"
        " or softmax for several labels; or say --logits if that is what is missing"
    )
