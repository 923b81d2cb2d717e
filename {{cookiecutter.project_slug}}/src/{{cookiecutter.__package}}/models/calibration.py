"""Probabilities that can be taken at their word: fitted on held-out rows, exported in the graph."""

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from sklearn.isotonic import IsotonicRegression
from torch import Tensor, nn

from .heads import Head
from .metrics import Floats

HOTTEST = 20.0
MOST_KNOTS = 100


@torch.no_grad()
def fit_temperature(head: Head, raw: Tensor, labels: Tensor) -> None:
    """Set the head's temperature to the one of least loss on held-out rows ``[rows, width]``.

    Ranks stay as they are (Guo et al., On Calibration of Modern Neural Networks, 2017).
    """

    def loss(log_temperature: float) -> float:
        return float(head.loss(raw / float(np.exp(log_temperature)) + head.offset, labels))

    widest = float(np.log(HOTTEST))
    found = minimize_scalar(loss, bounds=(-widest, widest), method="bounded")
    head.temperature.fill_(float(np.exp(found.x)))


class Isotonic(nn.Module):
    """The monotone curve of least squared error through held-out probabilities, one a class.

    Straight lines join the centres of the curve's steps, so that it never jumps (Oron & Flournoy,
    Centered Isotonic Regression, 2017); several classes are scaled to sum to 1 again.
    """

    def __init__(self, probabilities: Floats, labels: Floats) -> None:
        """``[rows]`` with labels 0 and 1, or ``[rows, classes]`` with numbers of classes."""
        super().__init__()
        single = probabilities.ndim == 1
        columns = probabilities[:, None] if single else probabilities
        hits = [labels == 1] if single else [labels == k for k in range(columns.shape[1])]
        self.curves = nn.ModuleList(
            Curve(*_knots(column, hit.astype(np.float64)))
            for column, hit in zip(columns.T, hits, strict=True)
        )

    def forward(self, probabilities: Tensor) -> Tensor:
        """Calibrated, of the same shape."""
        if probabilities.ndim == 1:
            return self.curves[0](probabilities)  # type: ignore[no-any-return]
        mapped = torch.stack(
            [curve(probabilities[:, k]) for k, curve in enumerate(self.curves)], 1
        ).clamp_min(1e-6)
        return mapped / mapped.sum(1, keepdim=True)


class Curve(nn.Module):
    """Straight lines between knots, level beyond them."""

    x: Tensor
    y: Tensor
    slope: Tensor

    def __init__(self, x: Floats, y: Floats) -> None:
        super().__init__()
        self.register_buffer("x", torch.from_numpy(x).float())
        self.register_buffer("y", torch.from_numpy(y).float())
        self.register_buffer("slope", torch.from_numpy(np.diff(y) / np.diff(x)).float())

    def forward(self, values: Tensor) -> Tensor:
        """``[batch]`` to ``[batch]``."""
        inside = values.clamp(self.x[0], self.x[-1])
        left = (inside.unsqueeze(1) >= self.x[1:-1]).sum(1)
        return self.y[left] + (inside - self.x[left]) * self.slope[left]


def _knots(values: Floats, hits: Floats) -> tuple[Floats, Floats]:
    """Centres of the steps, with 0 and 1 as ends."""
    steps = IsotonicRegression(out_of_bounds="clip").fit_transform(values, hits)
    levels, step = np.unique(steps, return_inverse=True)
    centres = np.bincount(step, weights=values) / np.bincount(step)
    kept = np.unique(np.linspace(0, len(levels) - 1, MOST_KNOTS).astype(int))
    x, y = np.r_[0.0, centres[kept], 1.0], np.r_[levels[0], levels[kept], levels[-1]]
    apart = np.r_[True, np.diff(x) > 1e-6]
    return x[apart], y[apart]
