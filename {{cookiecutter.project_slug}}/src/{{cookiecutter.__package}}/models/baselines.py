"""What a model must beat: what the labels alone say, and a straight line through the same rows."""

import warnings

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from .metrics import Floats
from .program import Prepared, Program

MAX_CELLS = 50_000_000
BLOCK_ROWS = 8_192


def linear(
    program: Program, task: str, train: Prepared, labels: Floats, test: Prepared
) -> npt.NDArray[np.float64]:
    """Logistic or ridge regression on the encoded numbers and one-hot codes; test outputs.

    It learns from a sample where all rows would not fit into memory.
    """
    sizes = [len(vocabulary) + 1 for vocabulary in program.vocabularies]
    most = MAX_CELLS // (program.head.width * max(program.body.encoder.size, 1))
    if most < len(labels):
        chosen = np.sort(np.random.default_rng(0).choice(len(labels), max(most, 1), replace=False))
        train, labels = train[torch.from_numpy(chosen)], labels[chosen]
    given, asked = (_matrix(program, rows, sizes) for rows in (train, test))
    if task == "regression":
        mean, scale = labels.mean(), labels.std() or 1.0
        values = Ridge(alpha=1.0, solver="lsqr").fit(given, (labels - mean) / scale).predict(asked)
        return np.asarray(values * scale + mean)
    model = LogisticRegression(C=1.0, max_iter=300)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(given, labels)
    probabilities = model.predict_proba(asked)
    if task == "binary":
        return np.asarray(probabilities[:, 1])
    every = np.zeros((len(probabilities), program.head.width))
    every[:, model.classes_.astype(np.int64)] = probabilities  # a label may be in no training row
    return every


@torch.no_grad()
def _matrix(program: Program, rows: Prepared, sizes: list[int]) -> sparse.csr_matrix:
    encode = program.body.encoder
    parts = [
        sparse.csr_matrix(encode(rows.numbers[start : start + BLOCK_ROWS]).numpy())
        for start in range(0, len(rows), BLOCK_ROWS)
        if encode.size
    ]
    blocks = [sparse.vstack(parts, format="csr")] if parts else []
    for index, size in enumerate(sizes):
        codes = rows.codes[:, index].numpy()
        at = (np.arange(len(codes)), codes)
        blocks.append(sparse.csr_matrix((np.ones(len(codes), np.float32), at), (len(codes), size)))
    return sparse.hstack(blocks, format="csr")
