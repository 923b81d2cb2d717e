"""``encode-rows``: the current dataset as the matrix that our own trees learn from, for anybody's tools.

``encoding.onnx`` turns the contract's columns into that matrix, and stands in preprocess of a model that
is imported. The test rows are not written: they judge, and nobody is to learn from them.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from ...config import Config
from ...contract import Contract
from ...data.dataset import Dataset, current
from ...data.split import Split
from ...errors import BundleError
from ...models.bundle import BATCH_ROWS, open_session
from ...models.graph import export_module
from ...models.onnx_import.wrapping import groups
from ...models.preprocess import Preprocess, fit_preprocess
from ...models.trees import Matrices
from ...storage import new_directory, write_pointer
from ...terminal import say
from ..exported import EXAMPLE_ROWS
from ..rows import Rows, read_rows

ENCODING, FACTS = "encoding.onnx", "encoding.json"
SPLITS: tuple[Split, ...] = ("train", "validation")


class Encoding(nn.Module):
    """The contract's columns to ``matrix`` ``[batch, columns + categories]``, as trees take them."""

    def __init__(self, preprocess: Preprocess, matrices: Matrices) -> None:
        super().__init__()
        self.preprocess, self.matrices = preprocess, matrices

    def forward(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """Both stages, by name."""
        numbers, codes = self.preprocess(inputs)
        return {"numbers": numbers, "matrix": self.matrices(numbers, codes)}


def run(config: Config) -> Path:
    """Write ``encoding.onnx``, ``encoding.json`` and ``x`` and ``y`` of both splits as ``.npy``.

    The folder is named after what is in it: the same dataset and code give the same one.

    Raises:
        DataError: there is no dataset.
    """
    settings, dataset = config.train, current(config.data.directory)
    rows = {
        split: read_rows(dataset, split, settings.memory_rows, settings.seed) for split in SPLITS
    }
    train = rows["train"]
    preprocess = fit_preprocess(dataset.contract, train.inputs)
    matrices = Matrices(preprocess.prepare(train.inputs))
    encoding, example = Encoding(preprocess, matrices), train.inputs[:EXAMPLE_ROWS]
    graph = export_module(encoding, preprocess, example).SerializeToString()
    digest = hashlib.sha256(graph).hexdigest()
    folder = config.data.directory / "encoded" / f"{dataset.name}-{digest[:8]}"
    if not folder.is_dir():
        with new_directory(folder) as staging:
            (staging / ENCODING).write_bytes(graph)
            facts = json.dumps(_facts(dataset, preprocess) | {"sha256": digest}, indent=2)
            (staging / FACTS).write_text(facts + "\n")
            for split, found in rows.items():
                x, y = _arrays(dataset.contract, graph, found)
                np.save(staging / f"{split}_x.npy", x)
                np.save(staging / f"{split}_y.npy", y)
    write_pointer(folder.parent / "current", folder.name)
    n_columns = len(preprocess.names) + len(preprocess.sizes)
    told = ", ".join(f"{split} [{len(found):,}, {n_columns}]" for split, found in rows.items())
    say(f"encoded   {folder}  {told}; no test rows")
    return folder


def encoder_in(folder: Path, contract: Contract) -> Path:
    """The graph of an encoding, if that fits the contract.

    Raises:
        BundleError: there is none, it was changed, or it takes other columns.
    """
    try:
        facts = json.loads((folder / FACTS).read_bytes())
        digest = hashlib.sha256((folder / ENCODING).read_bytes()).hexdigest()
        same, inputs = digest == facts["sha256"], facts["inputs"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(
            f"'{folder}' is no encoding ({type(error).__name__}: {error}); name a folder below"
            " data/encoded, made by: encode-rows"
        ) from None
    if not same:
        raise BundleError(
            f"'{folder / ENCODING}' is not what encode-rows wrote; delete the folder and encode again"
        )
    wanted = {group: list(names) for group, names in groups(contract).items()}
    if inputs != wanted:
        raise BundleError(
            f"'{folder}' encodes {_told(inputs)}, and the contract has {_told(wanted)}; encode again,"
            " and train the model on that"
        )
    return folder / ENCODING


def _arrays(contract: Contract, graph: bytes, rows: Rows) -> tuple[Any, Any]:
    """The matrix as the graph gives it, and the labels: classes by their number."""
    session = open_session(graph)
    parts = [
        session.run(None, rows.inputs[start : start + BATCH_ROWS].feed())[0]
        for start in range(0, len(rows), BATCH_ROWS)
    ]
    labels = rows.labels if contract.task == "regression" else rows.labels.astype(np.int64)
    return np.concatenate(parts), labels


def _facts(dataset: Dataset, preprocess: Preprocess) -> dict[str, Any]:
    contract = dataset.contract
    categories = zip(contract.category, preprocess.vocabularies, strict=True)
    return {
        "dataset": dataset.name,
        "task": contract.task,
        "target": contract.target,
        "positive": contract.positive,
        "labels": contract.labels,
        "inputs": groups(contract),
        "columns": [*preprocess.names, *contract.category],
        "codes": {name: ["<unseen>", *vocabulary] for name, vocabulary in categories},
    }


def _told(inputs: dict[str, list[str]]) -> str:
    return "; ".join(f"{group}: {', '.join(names)}" for group, names in inputs.items())
