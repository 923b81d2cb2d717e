"""Trees of a boosting library in the place of a network: same preprocessing, head and graph."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from onnx import ModelProto, TensorProto, helper
from torch import Tensor, nn

from .encode import LARGEST
from .preprocess import Prepared

Matrix = npt.NDArray[np.float32]


class Matrices(nn.Module):
    """Numbers and codes as the one matrix ``[batch, columns + categories]`` that trees split on.

    A number that is missing, not finite or beyond ±1e37 is NaN where training knew gaps in its
    column, and the column's median where it did not: libraries differ in what they do there.
    """

    fill: Tensor

    def __init__(self, rows: Prepared) -> None:
        super().__init__()
        usual = torch.where(rows.numbers.abs() <= LARGEST, rows.numbers, torch.nan)
        gaps = usual.isnan().any(0)
        median = usual.nanmedian(0).values if len(usual) else usual.sum(0)
        self.register_buffer("fill", torch.where(gaps, torch.nan, median))

    def forward(self, numbers: Tensor, codes: Tensor) -> Tensor:
        """``[batch, columns]`` and ``[batch, categories]`` side by side, float32."""
        known = torch.where(numbers.abs() <= LARGEST, numbers, self.fill)
        return torch.cat([known, codes.float()], 1)


class Trees(nn.Module):
    """A fitted ensemble: computed by its own library here, and by ``graph`` where it is served."""

    text: Tensor

    def __init__(
        self,
        matrices: Matrices,
        *,
        predict: Callable[[Matrix], npt.NDArray[np.float64]],
        graph: ModelProto,
        text: str,
    ) -> None:
        """``predict`` gives raw values ``[rows, width]``; ``text`` is the library's own format."""
        super().__init__()
        self.matrices = matrices
        self.predict = predict
        self.graph = graph
        encoded = torch.frombuffer(bytearray(text.encode()), dtype=torch.uint8)
        self.register_buffer("text", encoded)  # so that the weights' file holds all of the model

    def forward(self, numbers: Tensor, codes: Tensor) -> Tensor:
        """``[batch, columns]`` and ``[batch, categories]`` to raw values ``[batch, width]``."""
        return torch.from_numpy(self.predict(self.matrices(numbers, codes).numpy())).float()


def n_learned(body: nn.Module) -> int:
    """The numbers that a body has learned: weights, or thresholds and leaves of trees."""
    if not isinstance(body, Trees):
        return sum(weights.numel() for weights in body.state_dict().values())
    parts = {part.name: part for node in body.graph.graph.node for part in node.attribute}
    splits = sum(mode != b"LEAF" for mode in parts["nodes_modes"].strings)
    return int(splits) + len(parts["target_weights"].floats)


def raw_ensemble(converted: ModelProto, width: int) -> ModelProto:
    """The trees of a converted model alone: ``matrix`` in, sums of leaves ``raw`` [batch, width] out.

    Converters end in classes and probabilities; here those are the head's.
    """
    node = next(node for node in converted.graph.node if node.op_type.startswith("TreeEnsemble"))
    attributes = {
        part.name.replace("class_", "target_"): helper.get_attribute_value(part)
        for part in node.attribute
        if part.name.startswith(("nodes_", "class_", "target_", "base_values"))
    }
    if width == 1:  # some number a binary target's only column 1
        attributes["target_ids"] = [0] * len(attributes["target_ids"])
    attributes |= {"n_targets": width, "post_transform": "NONE"}
    trees = helper.make_node(
        "TreeEnsembleRegressor", ["matrix"], ["raw"], domain="ai.onnx.ml", **attributes
    )
    n_columns = converted.graph.input[0].type.tensor_type.shape.dim[1].dim_value
    matrix, raw = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", n])
        for name, n in (("matrix", n_columns), ("raw", width))
    )
    graph = helper.make_graph([trees], "trees", [matrix], [raw])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("ai.onnx.ml", 3)])
