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
from ..batches import Labelled
from .kind import Fitted, Kind, Lesson

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
    def set(self, weights: np.ndarray, bias: np.ndarray) -> None:
        """Take the weights ``[outputs, columns]`` of the matrix that ``one_hot`` makes."""
        given = torch.split(torch.from_numpy(weights).float(), self.sizes, dim=1)
        self.numbers.weight.copy_(given[0])
        self.numbers.bias.copy_(torch.from_numpy(bias))
        for part, values in zip(self.categories.parameters(), given[1:], strict=True):
            part.copy_(values.T)


def fit(lesson: Lesson, settings: Settings) -> Fitted:
    """The optimum, found by scikit-learn; a sample teaches where all rows would not fit in memory."""
    encoder = fit_encoder(lesson.train.rows.numbers, settings.bins)
    outputs, sizes = lesson.head.width, lesson.preprocess.sizes
    network = Linear(width=encoder.size, sizes=sizes, outputs=outputs)
    train = _sample(lesson.train, MOST_CELLS // (outputs * (encoder.size + len(sizes))))
    matrix = one_hot(encoder, train.rows, sizes)
    labels = train.labels.double().numpy()
    weights = None if train.weights is None else train.weights.numpy()
    if lesson.task.contract.task == "regression":
        values = lesson.head.targets(train.labels).double().numpy()
        line = Ridge(alpha=settings.penalty, solver="lsqr").fit(matrix, values, weights)
        network.set(line.coef_[None, :], np.array([line.intercept_]))
        return Fitted(body=Body(encoder, network).eval())
    if len(np.unique(labels)) == 1:  # such as a rare one in the first of the folds by time
        nothing = np.zeros((outputs, matrix.shape[1]))
        network.set(nothing, lesson.head.start.double().numpy())
        return Fitted(body=Body(encoder, network).eval())
    line = LogisticRegression(C=1 / settings.penalty, max_iter=300)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        line.fit(matrix, labels, weights)
    coefficients, bias = line.coef_, line.intercept_
    if outputs > 1:
        coefficients, bias = _every_label(line, outputs)
    network.set(coefficients, bias)
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
    blocks = [sparse.vstack(parts, format="csr")] if parts else []
    for index, size in enumerate(sizes):
        codes = rows.codes[:, index].numpy()
        at = (np.arange(len(codes)), codes)
        blocks.append(sparse.csr_matrix((np.ones(len(codes), np.float32), at), (len(codes), size)))
    return sparse.hstack(blocks, format="csr")


def _sample(rows: Labelled, most: int) -> Labelled:
    if len(rows) <= most:
        return rows
    chosen = np.random.default_rng(0).choice(len(rows), max(most, 1), replace=False)
    return rows[torch.from_numpy(np.sort(chosen))]


def _every_label(line: LogisticRegression, outputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights of every label; one that is in no training row is unlikely whatever the row."""
    known = line.classes_.astype(np.int64)
    coefficients, bias = line.coef_, line.intercept_
    if len(known) == 2:  # scikit-learn then keeps one line between the two
        coefficients, bias = (
            np.vstack([-coefficients / 2, coefficients / 2]),
            np.r_[-bias, bias] / 2,
        )
    every = np.zeros((outputs, coefficients.shape[1]))
    start = np.full(outputs, UNLIKELY)
    every[known], start[known] = coefficients, bias
    return every, start
