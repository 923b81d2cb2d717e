"""Logistic or ridge regression on the encoded numbers and one-hot categories."""

import warnings
from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from torch import Tensor, nn

from ...config import Positive, Section
from ...models.metrics import Floats
from ...models.preprocess import Prepared
from ...models.program import Body, Encoder, fit_encoder
from . import Fitted, TrainingSet

MOST_CELLS = 50_000_000
LITTLE = 1e-3
"""Weight of a row, beside 1 of every other."""


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
        numbers, *categories = torch.split(torch.from_numpy(weights).float(), self.sizes, dim=1)
        self.numbers.weight.copy_(numbers)
        self.numbers.bias.copy_(torch.from_numpy(bias))
        for weight, values in zip(self.categories.parameters(), categories, strict=True):
            weight.copy_(values.T)


def fit(training: TrainingSet, settings: Settings) -> Fitted:
    """The optimum, found by scikit-learn; a sample teaches where all rows would not fit in memory."""
    train, head, sizes = training.train, training.head, training.preprocess.sizes
    encoder = fit_encoder(train.rows.numbers, settings.bins)
    network = Linear(width=encoder.size, sizes=sizes, outputs=head.width)
    most = max(MOST_CELLS // (head.width * (encoder.size + len(sizes))), 1)
    if len(train) > most:
        chosen = np.random.default_rng(0).choice(len(train), most, replace=False)
        train = train[torch.from_numpy(np.sort(chosen))]
    matrix = one_hot(encoder, train.rows, sizes)
    targets = head.targets(train.labels).double().numpy()
    if head.task == "regression":
        ridge = Ridge(alpha=settings.penalty, solver="lsqr").fit(matrix, targets)
        network.set(ridge.coef_[None, :], np.array([ridge.intercept_]))
    else:
        weights, bias = _logistic(matrix, targets, settings.penalty, max(head.width, 2))
        if head.width > len(weights):  # of two labels scikit-learn fits the second one's alone
            weights, bias = np.vstack([-weights, weights]) / 2, np.r_[-bias, bias] / 2
        network.set(weights, bias)
    return Fitted(body=Body(encoder, network).eval())


def one_hot(encoder: Encoder, rows: Prepared, sizes: list[int]) -> sparse.csr_matrix:
    """Encoded numbers beside a column for each code."""
    matrices = [sparse.csr_matrix(encoder(rows.numbers).numpy())]
    places, ones = np.arange(len(rows)), np.ones(len(rows), np.float32)
    for index, size in enumerate(sizes):
        cells = (ones, (places, rows.codes[:, index].numpy()))
        matrices.append(sparse.csr_matrix(cells, (len(rows), size)))
    return sparse.hstack(matrices, format="csr")


def _logistic(
    matrix: sparse.csr_matrix, labels: Floats, penalty: float, n_labels: int
) -> tuple[Floats, Floats]:
    """Weights and bias of each label.

    A blank row of little weight stands for a label that no row has, such as in the first of the
    folds by time.
    """
    absent = np.setdiff1d(np.arange(n_labels), labels)
    blank = sparse.csr_matrix((len(absent), matrix.shape[1]), dtype=matrix.dtype)
    model = LogisticRegression(C=1 / penalty, max_iter=300)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(
            sparse.vstack([matrix, blank], format="csr"),
            np.concatenate([labels, absent]),
            np.repeat([1.0, LITTLE], [len(labels), len(absent)]),
        )
    return model.coef_, model.intercept_
