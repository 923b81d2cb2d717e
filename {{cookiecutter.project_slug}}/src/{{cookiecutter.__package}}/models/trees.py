"""Trees of a boosting library in the place of a network: same preprocessing, head and graph."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from onnx import ModelProto, NodeProto, helper
from torch import Tensor, nn

from .program import LARGEST

Matrix = npt.NDArray[np.float32]
OPERATOR, NUMBER = "TreeEnsembleRegressor", "number"


class Matrices(nn.Module):
    """Numbers and codes as the one matrix ``[batch, columns + categories]`` that trees split on.

    A number that is missing, not finite or beyond ±1e37 is NaN where training knew gaps in its
    column, and the column's median where it did not: libraries differ in what they do there.
    """

    fill: Tensor

    def __init__(self, train: Tensor) -> None:
        super().__init__()
        usual = torch.where(train.abs() <= LARGEST, train, torch.nan)
        gaps = usual.isnan().any(0)
        median = usual.nanmedian(0).values if len(usual) else usual.sum(0)
        self.register_buffer("fill", torch.where(gaps, torch.nan, median))

    def forward(self, numbers: Tensor, codes: Tensor) -> Tensor:
        """``[batch, columns]`` and ``[batch, categories]`` side by side, float32."""
        known = torch.where(numbers.abs() <= LARGEST, numbers, self.fill)
        return torch.cat([known, codes.float()], 1)


class Trees(nn.Module):
    """A fitted ensemble: computed by its own library here, and by ``node`` where it is served."""

    def __init__(
        self,
        matrices: Matrices,
        *,
        predict: Callable[[Matrix], npt.NDArray[np.float64]],
        node: Callable[[], NodeProto],
        width: int,
    ) -> None:
        """``predict`` gives raw values ``[rows, width]``; ``node`` converts, which takes seconds."""
        super().__init__()
        self.matrices = matrices
        self.predict = predict
        self.node = node
        self.width = width
        self.number = 0
        """Which of a graph's ensembles it is."""

    def forward(self, numbers: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        """``[batch, columns]`` and ``[batch, categories]`` to their matrix and raw values
        ``[batch, width]``; an export leaves the operator empty.
        """
        matrix = self.matrices(numbers, codes)
        if torch.onnx.is_in_onnx_export():
            shape = (matrix.shape[0], self.width)
            operator = f"ai.onnx.ml::{OPERATOR}"
            return matrix, torch.onnx.ops.symbolic(
                operator,
                (matrix,),
                {NUMBER: self.number},  # without it, ensembles of one matrix are taken for one
                dtype=torch.float32,
                shape=shape,
                version=3,
            )
        return matrix, torch.from_numpy(self.predict(matrix.numpy())).float()


def raw_ensemble(converted: ModelProto, width: int) -> NodeProto:
    """The trees of a converted model alone: sums of leaves ``[batch, width]``.

    Converters end in classes and probabilities; here those are the head's.
    """
    node = next(node for node in converted.graph.node if node.op_type.startswith("TreeEnsemble"))
    attributes: dict[str, Any] = {
        one.name.replace("class_", "target_"): helper.get_attribute_value(one)
        for one in node.attribute
        if one.name.startswith(("nodes_", "class_", "target_", "base_values"))
    }
    if width == 1:  # some number a binary target's only column 1
        attributes["target_ids"] = [0] * len(attributes["target_ids"])
    attributes |= {"n_targets": width, "post_transform": "NONE"}
    return helper.make_node(OPERATOR, ["matrix"], ["raw"], domain="ai.onnx.ml", **attributes)
