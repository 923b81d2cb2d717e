"""Logistic or ridge regression on the encoded numbers and one-hot categories."""

import warnings
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from torch import Tensor, nn

from ...config import Positive, Section
from ...models.encode import Encoder, fit_encoder
from ...models.preprocess import Prepared
from ...models.program import Body
from ..rows import Examples, Floats
from .kind import Fitted, Kind, TrainingSet

MOST_CELLS = 50_000_000
BLOCK_ROWS = 8_192
UNLIKELY = -20.0  # the raw value of a label that no training row has


class Settings(Section):
    """``train.model`` of kind ``linear``."""

    bins: Positive = 16
    """Quantile bins of the piecewise-linear encoding of a number."""
    penalty: Annotated[float, Field(gt=0)] = 1.0
    """Weight of the squared coefficients beside the summed losses of the rows."""


class Linear(nn.Module):
    """A weight for each encoded column and for each category's value."""

    def __init__(self, *, width: int, sizes: list[int], outputs: int) -> None:
        super().__init__()
        self.numbers = nn.Linear(width, outputs)
        self.categories = nn.ModuleList(nn.Embedding(size, outputs) for size in sizes)
        self.sizes = [width, *sizes]

    def forward(self, numbers: Tensor, codes: Tensor) -> Tensor:
        """``[batch, width]`` and ``[batch, categories]`` to ``[batch, outputs]``."""
        raw: Tensor = self.numbers(numbers)
        for index, weights in enumerate(self.categories):
            raw = raw + weights(codes[:, index])
        return raw

    @torch.no_grad()
    def set(self, weights: Floats, bias: Floats) -> None:
        """Take the weights ``[outputs, columns]`` of the matrix that ``one_hot`` makes."""
        given = torch.split(torch.from_numpy(weights).float(), self.sizes, dim=1)
        self.numbers.weight.copy_(given[0])
        self.numbers.bias.copy_(torch.from_numpy(bias))
        for part, values in zip(self.categories.parameters(), given[1:], strict=True):
            part.copy_(values.T)


def fit(training: TrainingSet, settings: Settings) -> Fitted:
    """The optimum, found by scikit-learn; a sample teaches where all rows would not fit in memory."""
    encoder = fit_encoder(training.train.rows.numbers, settings.bins)
    outputs, sizes = training.head.width, training.preprocess.sizes
    network = Linear(width=encoder.size, sizes=sizes, outputs=outputs)
    train = _sample(training.train, MOST_CELLS // (outputs * (encoder.size + len(sizes))))
    matrix = one_hot(encoder, train.rows, sizes)
    if training.task.contract.task == "regression":
        values = training.head.targets(train.labels).double().numpy()
        ridge = Ridge(alpha=settings.penalty, solver="lsqr").fit(matrix, values)
        network.set(ridge.coef_[None, :], np.array([ridge.intercept_]))
    elif (
        len(torch.unique(train.labels)) == 1
    ):  # such as a rare one in the first of the folds by time
        start = training.head.start.double().numpy()
        network.set(np.zeros((outputs, matrix.shape[1])), start)
    else:
        network.set(*_logistic(matrix, train.labels.double().numpy(), settings.penalty, outputs))
    return Fitted(body=Body(encoder, network).eval())


SEARCH: dict[str, dict[str, Any]] = {
    "model.bins": {"low": 4, "high": 64, "log": True},
    "model.penalty": {"low": 0.01, "high": 1000.0, "log": True},
}
KIND = Kind(settings=Settings, fit=fit, search=SEARCH)


def one_hot(encoder: Encoder, rows: Prepared, sizes: list[int]) -> sparse.csr_matrix:
    """Encoded numbers beside a column for each code."""
    parts = [
        sparse.csr_matrix(encoder(rows.numbers[start : start + BLOCK_ROWS]).numpy())
        for start in range(0, len(rows), BLOCK_ROWS)
        if encoder.size
    ]
    matrices = [sparse.vstack(parts, format="csr")] if parts else []
    for index, size in enumerate(sizes):
        codes = rows.codes[:, index].numpy()
        at = (np.arange(len(codes)), codes)
        ones = np.ones(len(codes), np.float32)
        matrices.append(sparse.csr_matrix((ones, at), (len(codes), size)))
    return sparse.hstack(matrices, format="csr")


def _sample(rows: Examples, most: int) -> Examples:
    if len(rows) <= most:
        return rows
    chosen = np.random.default_rng(0).choice(len(rows), max(most, 1), replace=False)
    return rows[torch.from_numpy(np.sort(chosen))]


def _logistic(
    matrix: sparse.csr_matrix, labels: Floats, penalty: float, outputs: int
) -> tuple[Floats, Floats]:
    """Weights of every label; one that is in no training row is unlikely whatever the row."""
    model = LogisticRegression(C=1 / penalty, max_iter=300)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(matrix, labels)
    weights, bias = model.coef_, model.intercept_
    if outputs == 1:
        return weights, bias
    known = model.classes_.astype(np.int64)
    if len(known) == 2:  # scikit-learn then keeps one line between the two
        weights, bias = np.vstack([-weights / 2, weights / 2]), np.r_[-bias, bias] / 2
    every, start = np.zeros((outputs, weights.shape[1])), np.full(outputs, UNLIKELY)
    every[known], start[known] = weights, bias
    return every, start
