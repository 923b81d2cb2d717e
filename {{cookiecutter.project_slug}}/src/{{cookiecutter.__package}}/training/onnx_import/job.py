"""``import-onnx``: a graph from elsewhere → wrapped → evaluated → bundle → version → gate → serve.

It goes the road of a model of our own from the export on. What stands for parity with torch, which
an imported graph does not have: the file by itself and the wrapped graph answer alike, and so do
rows asked one by one and together.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from torch import nn

from ...config import Config, ModelConfig
from ...contract import Contract
from ...data.dataset import current
from ...data.split import SPLITS
from ...errors import BundleError, ParityError
from ...models.bundle import open_session, parity_error, predict
from ...models.graph import OPSET
from ...models.inputs import Inputs
from ...models.onnx_import.wrapping import Wrapped, in_parts, wrap
from ...models.tasks import Task, task_of, threshold_of
from ...models.versions import Version
from ...terminal import say
from ...values import MISSING_CATEGORY, MISSING_TIME
from ..assess import Exported, assess, predict_splits
from ..job import register
from ..kinds import Fitted
from ..race import LINEAR_MODEL, finalize, fit_candidate, make_holdout
from ..rows import read_rows
from .encoding import encoder_in

SEEN_ROWS, SINGLE_ROWS = 256, 100
LIMITS = [
    "It was trained elsewhere: what it answers for a value that its training did not see is its own,"
    " and whether it saw the test rows is known to who trained it.",
    "Figures hold for rows like the test rows: watch drift and quality with make monitor.",
]
"""What the model card says of an imported model."""


def run(
    config: Config,
    path: Path,
    encoding: Path | None = None,
    *,
    output: str | None = None,
    logits: bool = False,
) -> Version:
    """Gate and register the model in a file; serve it if it is the first to pass.

    Raises:
        BundleError: it is no model that could serve this contract.
        ParityError: it answers differently once wrapped, or in other company.
    """
    dataset = current(config.data.directory)
    contract, task = dataset.contract, task_of(dataset.contract)
    encoder = encoder_in(encoding, contract) if encoding else None
    splits = {split: read_rows(dataset, split, config.train) for split in SPLITS}
    train, validation = splits["train"], splits["validation"]
    seen = train.inputs[_spread(len(train), SEEN_ROWS)]
    wrapped = wrap(contract, path, seen, encoding=encoder, output=output, logits=logits)
    say(f"imported  {path}: {wrapped.told}")
    session = open_session(wrapped.graph)
    _refuse_gaps(path, session, task, seen)
    choice = _model_settings(path, encoding, output, logits=logits)
    settings = config.train.model_copy(update={"model": choice})
    config = config.model_copy(update={"train": settings})
    tested, trained = predict_splits(session, task, splits)
    asked = predict(session, validation.inputs, task)
    exported = Exported(
        graph=wrapped.graph,
        tested=tested,
        trained=trained,
        parity=_parity(path, wrapped, session, task, splits["test"].inputs, tested),
        cut=threshold_of(task, validation.labels, asked, settings.threshold),
        choice=choice,
        fitted=Fitted(body=nn.Identity()),
    )
    split = dataset.manifest.get("split", {})
    holdout = make_holdout(contract, settings, train, validation, split)
    linear = finalize(fit_candidate(LINEAR_MODEL, holdout), holdout)
    return register(config, dataset, splits, assess(config, dataset, splits, exported, linear))


def _model_settings(
    path: Path, encoding: Path | None, output: str | None, *, logits: bool
) -> ModelConfig:
    """What the bundle records of the file and of how it was read."""
    return ModelConfig.model_validate(
        {
            "kind": "imported",
            "file": hashlib.sha256(path.read_bytes()).hexdigest(),
            "output": output,
            "encoding": encoding.name if encoding else None,
            "logits": logits,
            "limits": LIMITS,
        }
    )


def _parity(
    path: Path,
    wrapped: Wrapped,
    session: ort.InferenceSession,
    task: Task,
    rows: Inputs,
    answers: Any,
) -> float:
    """The largest difference; one that is not tolerated leaves no bundle, as none could be opened."""
    scale, at = task.scale(answers), _spread(len(rows), SINGLE_ROWS)
    together = parity_error(in_parts(wrapped, rows), answers, scale)
    if together > 1:
        raise ParityError(
            f"'{path}' answers otherwise once it is wrapped, by {together:.1f} times what is tolerated:"
            f" its operators change on the way to opset {OPSET}; export it with target_opset={OPSET}"
        )
    single = np.concatenate([predict(session, rows[n : n + 1], task) for n in at.tolist()])
    alone = parity_error(single, answers[at], scale)
    if alone > 1:
        raise ParityError(
            f"'{path}' answers a row otherwise alone than among others, by {alone:.1f} times what is"
            " tolerated; export it for inference, without statistics of the batch and random draws"
        )
    return max(together, alone)


def _refuse_gaps(path: Path, session: ort.InferenceSession, task: Task, rows: Inputs) -> None:
    """Ask what the contract lets a caller ask: a model of our own answers all of it."""
    for name, what, asked in unusual(task.contract, rows):
        try:
            predict(session, asked, task)
        except Exception as error:  # onnxruntime raises many kinds of its own
            raise BundleError(
                f"'{path}' has no answer where '{name}' is {what}, which the contract allows: {error};"
                " let its pipeline take that (SimpleImputer, handle_unknown='ignore'), and export"
                " it again"
            ) from None


def unusual(contract: Contract, rows: Inputs) -> Iterator[tuple[str, str, Inputs]]:
    """Rows with one column at the ends of its range, missing or unseen, where that is allowed."""
    for at, name in enumerate(contract.numeric):
        column, values = contract.columns[name], rows.numeric[:, at]
        known = values[np.isfinite(values)] if np.isfinite(values).any() else np.zeros(1)
        low = float(known.min()) if column.minimum is None else column.minimum
        high = float(known.max()) if column.maximum is None else column.maximum
        for value in [low, high] + [np.nan] * column.nullable:
            what = "missing" if value != value else f"{value:g}"
            yield name, what, replace(rows, numeric=_with(rows.numeric, at, value))
    for at, name in enumerate(contract.category):
        column = contract.columns[name]
        texts = ["<not seen>", "", "é漢"] if column.allowed is None else list(column.allowed)
        for text in texts + [MISSING_CATEGORY] * column.nullable:
            what = "missing" if text == MISSING_CATEGORY else f"'{text}'"
            yield name, what, replace(rows, category=_with(rows.category, at, text))
    for at, name in enumerate(contract.times):
        if contract.columns[name].nullable:
            yield name, "missing", replace(rows, time=_with(rows.time, at, MISSING_TIME))


def _with(group: Any, at: int, value: object) -> Any:
    changed = group.copy()
    changed[:, at] = value
    return changed


def _spread(n_rows: int, most: int) -> Any:
    """Places spread over the rows, each once."""
    return np.unique(np.linspace(0, n_rows - 1, min(n_rows, most)).astype(np.int64))
