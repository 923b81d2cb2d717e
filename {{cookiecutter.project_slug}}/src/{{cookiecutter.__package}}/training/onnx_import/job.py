"""``encode-rows``: the dataset as the matrix that our own trees learn from, for anybody's tools.

``import-onnx``: a graph that was trained on it → wrapped → evaluated → bundle → version → gate → serve.
From the export on it goes the road of a model of our own. What stands for parity with torch: the file
by itself and the wrapped graph answer alike.
"""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
import onnxruntime as ort
from torch import Tensor, nn

from ...config import Config, ModelConfig
from ...contract import Contract
from ...data.dataset import current
from ...data.split import SPLITS
from ...errors import BundleError, ParityError
from ...models.bundle import in_batches, open_session, predict
from ...models.graph import OPSET, export
from ...models.inputs import Inputs
from ...models.onnx_import import Imported, read_model, wrap
from ...models.preprocess import Preprocess, fit_preprocess
from ...models.tasks import Outputs, Task, task_of, threshold_of
from ...models.trees import Matrices
from ...models.versions import Version
from ...storage import file_hash, new_directory, write_pointer
from ...terminal import say
from ..evaluate import EXAMPLE_ROWS, Exported, assess
from ..job import register
from ..kinds import Fitted
from ..race import LINEAR_MODEL, finalize, fit_candidate, make_holdout
from ..rows import read_rows

ENCODING, COLUMNS = "encoding.onnx", "encoding.json"
FEW_ROWS = 100
LIMITS = [
    "It was trained elsewhere: what it answers for a value that its training did not see is its own,"
    " and whether it saw the test rows is known to who trained it.",
    "Figures hold for rows like the test rows: watch drift and quality with make monitor.",
]
"""What the model card says of an imported model."""


class Encoding(nn.Module):
    """The contract's columns to ``matrix`` ``[batch, columns + categories]``, as trees take them."""

    def __init__(self, preprocess: Preprocess, matrices: Matrices) -> None:
        super().__init__()
        self.preprocess, self.matrices = preprocess, matrices

    def forward(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """The matrix, by name."""
        return {"matrix": self.matrices(*self.preprocess(inputs))}


def encode(config: Config) -> Path:
    """Write ``encoding.onnx``, ``encoding.json`` and ``x`` and ``y`` of both splits as ``.npy``.

    The test rows are not written: nobody is to learn from them. The folder is named after what is in
    it: the same dataset and code give the same one.

    Raises:
        DataError: there is no dataset.
    """
    dataset = current(config.data.directory)
    contract = dataset.contract
    rows = {split: read_rows(dataset, split, config.train) for split in SPLITS if split != "test"}
    train = rows["train"].inputs
    preprocess = fit_preprocess(contract, train)
    encoding = Encoding(preprocess, Matrices(preprocess.prepare(train)))
    graph = export(cast(Any, encoding), train[:EXAMPLE_ROWS]).SerializeToString()
    vocabularies = zip(contract.category, preprocess.vocabularies, strict=True)
    description = {
        "contract": contract.hash,
        "columns": [*preprocess.names, *contract.category],
        "codes": {name: ["<unseen>", *values] for name, values in vocabularies},
    }
    name = f"{dataset.name}-{hashlib.sha256(graph).hexdigest()[:8]}"
    folder = config.data.directory / "encoded" / name
    if not folder.is_dir():
        session = open_session(graph)
        with new_directory(folder) as staging:
            (staging / ENCODING).write_bytes(graph)
            (staging / COLUMNS).write_text(json.dumps(description, indent=2) + "\n")
            for split, part in rows.items():
                whole = part.labels if contract.task == "regression" else part.labels.astype(int)
                np.save(staging / f"{split}_x.npy", _matrix(session, part.inputs))
                np.save(staging / f"{split}_y.npy", whole)
    write_pointer(folder.parent / "current", name)
    say(f"encoded   {folder}  {len(description['columns'])} columns; no test rows")
    return folder


def run(config: Config, path: Path, folder: Path) -> Version:
    """Gate and register the model in a file; serve it if it is the first to pass.

    ``folder`` holds the encoding whose matrix the model takes.

    Raises:
        BundleError: it is no model that could serve this contract.
        ParityError: it answers differently once wrapped.
    """
    dataset = current(config.data.directory)
    contract, task = dataset.contract, task_of(dataset.contract)
    width = _read_width(folder, contract)
    splits = {split: read_rows(dataset, split, config.train) for split in SPLITS}
    train, validation, test = splits["train"], splits["validation"], splits["test"]
    encoding, imported = onnx.load(folder / ENCODING), read_model(path, contract, width)
    graph = wrap(contract, imported, encoding)
    session = _open(path, graph, task, train.inputs[:FEW_ROWS])
    choice = ModelConfig.model_validate(
        {
            "kind": "imported",
            "file": file_hash(path),
            "encoding": folder.resolve().name,
            "limits": LIMITS,
        }
    )
    settings = config.train.model_copy(update={"model": choice})
    config = config.model_copy(update={"train": settings})
    tested = predict(session, test.inputs, task)
    outputs = predict(session, validation.inputs, task)
    matrix = _matrix(open_session(encoding.SerializeToString()), test.inputs)
    exported = Exported(
        graph=graph,
        tested=tested,
        trained=predict(session, train.inputs, task),
        parity=_parity(imported, matrix, task, tested),
        cut=threshold_of(task, validation.labels, outputs, settings.threshold),
        choice=choice,
        fitted=Fitted(body=nn.Identity()),
    )
    split = dataset.manifest.get("split", {})
    holdout = make_holdout(settings, train, validation, split)
    linear = finalize(fit_candidate(LINEAR_MODEL, holdout), holdout)
    evidence = assess(config, dataset, splits, exported, linear)
    return register(config, dataset, splits, exported, evidence)


def _matrix(session: ort.InferenceSession, inputs: Inputs) -> Outputs:
    return in_batches(inputs, lambda rows: session.run(None, rows.feed())[0])


def _read_width(folder: Path, contract: Contract) -> int:
    """The columns of an encoding's matrix, once it is sure that it is of this contract."""
    try:
        description = json.loads((folder / COLUMNS).read_bytes())
        made_for, width = description["contract"], len(description["columns"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(
            f"'{folder}' is no encoding ({type(error).__name__}: {error}); name a folder below"
            " data/encoded, made by: encode-rows"
        ) from None
    if made_for != contract.hash:
        raise BundleError(
            f"'{folder}' is of another contract; encode again, and train the model on that"
        )
    return width


def _open(path: Path, graph: bytes, task: Task, rows: Inputs) -> ort.InferenceSession:
    """The wrapped graph, if it has an answer to rows as they are and to rows with nothing known."""
    gaps = [task.contract.columns[name].nullable for name in task.contract.numeric]
    numeric = np.where(gaps, np.nan, rows.numeric).astype(np.float32)
    blank = replace(rows, numeric=numeric, category=np.full_like(rows.category, "?"))
    try:
        session = open_session(graph)
        for what in (rows, blank):
            predict(session, what, task)
    except Exception as error:  # onnxruntime raises many kinds of its own
        raise BundleError(
            f"'{path}' has no {task.output} for every row: {error}; let it fill what is missing (NaN,"
            " as by SimpleImputer) and take codes that it does not know (handle_unknown='ignore'), and"
            " end in a sigmoid or softmax"
        ) from None
    return session


def _parity(imported: Imported, matrix: Outputs, task: Task, wrapped: Outputs) -> float:
    """The largest difference; one that is not tolerated leaves no bundle, as none could be opened."""
    error = float(task.parity_errors(imported.predict(matrix), wrapped).max(initial=0))
    if error > 1:
        raise ParityError(
            f"'{imported.path}' answers otherwise once it is wrapped, by {error:.1f} times what is"
            f" tolerated: its operators change on the way to opset {OPSET}; export it with"
            f" target_opset={OPSET}"
        )
    return error
