"""What a model must beat: the base rate, and a straight line through the same encoded rows."""

import warnings

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from .program import Encoded


def dummy(labels: npt.NDArray[np.float64], n_rows: int) -> npt.NDArray[np.float64]:
    """The training base rate for every row."""
    return np.full(n_rows, labels.mean())


def linear(
    train: Encoded, labels: npt.NDArray[np.float64], test: Encoded, sizes: list[int]
) -> npt.NDArray[np.float64]:
    """Logistic regression on the encoded numbers and one-hot codes; test probabilities."""
    model = LogisticRegression(C=1.0, max_iter=300)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(_matrix(train, sizes), labels)
    probabilities: npt.NDArray[np.float64] = model.predict_proba(_matrix(test, sizes))[:, 1]
    return probabilities


def _matrix(rows: Encoded, sizes: list[int]) -> sparse.csr_matrix:
    blocks = [sparse.csr_matrix(rows.numbers.numpy())]
    for index, size in enumerate(sizes):
        codes = rows.codes[:, index].numpy()
        at = (np.arange(len(codes)), codes)
        blocks.append(sparse.csr_matrix((np.ones(len(codes), np.float32), at), (len(codes), size)))
    return sparse.hstack(blocks, format="csr")
