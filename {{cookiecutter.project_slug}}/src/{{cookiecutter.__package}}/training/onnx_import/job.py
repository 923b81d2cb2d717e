"""``encode-rows``: the dataset as the matrix that our own trees learn from, for anybody's tools.

``import-onnx``: a graph that was trained on it → wrapped → evaluated → bundle → version → gate → serve.
From the export on it goes the road of a model of our own. What stands for parity with torch: the file
by itself and the wrapped graph answer alike, and so do rows asked one by one and together.
"""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from torch import Tensor, nn

from ...config import Config, ModelConfig
from ...contract import Contract
from ...data.dataset import current
from ...data.split import SPLITS
from ...errors import BundleError, ParityError
from ...models.bundle import open_session, parity_error, predict
from ...models.bundle import run as run_graph
from ...models.graph import OPSET, export_module
from ...models.inputs import Inputs
from ...models.onnx_import import Wrapped, in_parts, read, wrap
from ...models.preprocess import Preprocess, fit_preprocess
from ...models.tasks import Task, task_of, threshold_of
from ...models.trees import Matrices
from ...models.versions import Version
from ...storage import new_directory, write_pointer
from ...terminal import say
from ..evaluate import EXAMPLE_ROWS, Exported, assess
from ..job import register
from ..kinds import Fitted
from ..race import LINEAR_MODEL, finalize, fit_candidate, make_holdout
from ..rows import read_rows

ENCODING, COLUMNS = "encoding.onnx", "encoding.json"
SINGLE_ROWS = 100
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
        """Both stages, by name."""
        numbers, codes = self.preprocess(inputs)
        return {"numbers": numbers, "matrix": self.matrices(numbers, codes)}


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
    matrices = Matrices(preprocess.prepare(train))
    encoding = Encoding(preprocess, matrices)
    graph = export_module(encoding, preprocess, train[:EXAMPLE_ROWS]).SerializeToString()
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
                np.save(staging / f"{split}_x.npy", run_graph(session, part.inputs))
                np.save(staging / f"{split}_y.npy", whole)
    write_pointer(folder.parent / "current", name)
    say(f"encoded   {folder}  {len(description['columns'])} columns; no test rows")
    return folder


def run(
    config: Config, path: Path, encoding: Path, *, output: str | None = None, logits: bool = False
) -> Version:
    """Gate and register the model in a file; serve it if it is the first to pass.

    Raises:
        BundleError: it is no model that could serve this contract.
        ParityError: it answers differently once wrapped, or in other company.
    """
    dataset = current(config.data.directory)
    contract, task = dataset.contract, task_of(dataset.contract)
    _refuse_other_encoding(encoding, contract)
    splits = {split: read_rows(dataset, split, config.train) for split in SPLITS}
    train, validation = splits["train"], splits["validation"]
    wrapped = wrap(contract, path, read(encoding / ENCODING), output=output, logits=logits)
    session = _open(path, wrapped, task, train.inputs[:SINGLE_ROWS])
    choice = ModelConfig.model_validate(
        {
            "kind": "imported",
            "file": hashlib.sha256(path.read_bytes()).hexdigest(),
            "output": wrapped.output,
            "encoding": encoding.resolve().name,
            "logits": logits,
            "limits": LIMITS,
        }
    )
    settings = config.train.model_copy(update={"model": choice})
    config = config.model_copy(update={"train": settings})
    tested = predict(session, splits["test"].inputs, task)
    outputs = predict(session, validation.inputs, task)
    exported = Exported(
        graph=wrapped.graph,
        tested=tested,
        trained=predict(session, train.inputs, task),
        parity=_parity(path, wrapped, session, task, splits["test"].inputs, tested),
        cut=threshold_of(task, validation.labels, outputs, settings.threshold),
        choice=choice,
        fitted=Fitted(body=nn.Identity()),
    )
    split = dataset.manifest.get("split", {})
    holdout = make_holdout(settings, train, validation, split)
    linear = finalize(fit_candidate(LINEAR_MODEL, holdout), holdout)
    evidence = assess(config, dataset, splits, exported, linear)
    return register(config, dataset, splits, exported, evidence)


def _refuse_other_encoding(folder: Path, contract: Contract) -> None:
    try:
        description = json.loads((folder / COLUMNS).read_bytes())
        digest = hashlib.sha256((folder / ENCODING).read_bytes()).hexdigest()
        same = (folder.resolve().name[-8:], description["contract"]) == (digest[:8], contract.hash)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(
            f"'{folder}' is no encoding ({type(error).__name__}: {error}); name a folder below"
            " data/encoded, made by: encode-rows"
        ) from None
    if not same:
        raise BundleError(
            f"'{folder}' was changed, or is of another contract; encode again, and train the model on that"
        )


def _open(path: Path, wrapped: Wrapped, task: Task, rows: Inputs) -> ort.InferenceSession:
    """The wrapped graph, if it has an answer to rows as they are and to rows with nothing known."""
    gaps = [task.contract.columns[name].nullable for name in task.contract.numeric]
    numeric = np.where(gaps, np.nan, rows.numeric).astype(np.float32)
    blank = replace(rows, numeric=numeric, category=np.full_like(rows.category, "?"))
    try:
        session = open_session(wrapped.graph)
        for what in (rows, blank):
            predict(session, what, task)
    except Exception as error:  # onnxruntime raises many kinds of its own
        raise BundleError(
            f"'{path}' has no {task.output} for every row: {error}; let it fill what is missing (NaN,"
            " as by SimpleImputer) and take codes that it does not know (handle_unknown='ignore'), and"
            " end in a sigmoid or softmax, or say --logits"
        ) from None
    return session


def _parity(
    path: Path,
    wrapped: Wrapped,
    session: ort.InferenceSession,
    task: Task,
    rows: Inputs,
    answers: Any,
) -> float:
    """The largest difference; one that is not tolerated leaves no bundle, as none could be opened."""
    scale = task.scale(answers)
    together = parity_error(in_parts(wrapped, rows), answers, scale)
    if together > 1:
        raise ParityError(
            f"'{path}' answers otherwise once it is wrapped, by {together:.1f} times what is tolerated:"
            f" its operators change on the way to opset {OPSET}; export it with target_opset={OPSET}"
        )
    at = np.unique(np.linspace(0, len(rows) - 1, SINGLE_ROWS).astype(np.int64))
    single = np.concatenate([predict(session, rows[n : n + 1], task) for n in at.tolist()])
    alone = parity_error(single, answers[at], scale)
    if alone > 1:
        raise ParityError(
            f"'{path}' answers a row otherwise alone than among others, by {alone:.1f} times what is"
            " tolerated; export it for inference, without statistics of the batch and random draws"
        )
    return max(together, alone)
