"""Rows to a program that has learned."""

import hashlib
import random
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..config import ModelConfig, TrainConfig
from ..contract import Contract
from ..models.bundle import BATCH_ROWS
from ..models.heads import Head, make_head
from ..models.preprocess import fit_preprocess
from ..models.program import Program
from ..models.tasks import task_of
from .batches import Labelled
from .kinds import Fitted, Lesson, learn
from .networks.checkpoint import FolderCheckpoints, NoCheckpoints
from .rows import Floats, Rows, Weigh, labelled, stream

PACKAGE = Path(__file__).parent.parent


@dataclass(frozen=True, kw_only=True)
class Model:
    """A program that has learned, and how."""

    program: Program
    choice: ModelConfig
    fitted: Fitted


def make_lesson(
    contract: Contract,
    settings: TrainConfig,
    train: Rows,
    held_out: Rows | None,
    rounds: int | None = None,
) -> Lesson:
    """Fit what every kind of model shares, and prepare the rows once for all of them."""
    preprocess = fit_preprocess(contract, train.inputs)
    head = make_head(contract.task, train.labels, len(contract.labels or ()))
    weigh: Weigh | None = None
    if settings.class_weight == "balanced" and contract.task != "regression":
        weigh = balance(head, train.labels)
    asked = None
    if held_out is not None:
        asked = labelled(preprocess.prepare(held_out.inputs), held_out.labels)
    return Lesson(
        contract=contract,
        task=task_of(contract),
        preprocess=preprocess,
        head=head,
        train=labelled(preprocess.prepare(train.inputs), train.labels, weigh),
        stream=stream(contract, settings, train, preprocess.prepare, weigh),
        held_out=asked,
        rounds=rounds,
        settings=settings,
        checkpoints=NoCheckpoints(),
    )


def fit_model(lesson: Lesson, choice: ModelConfig, checkpoints: Path | None = None) -> Model:
    """One kind of model, from the seed on; or from where it was interrupted."""
    seed_everything(lesson.settings)
    if checkpoints is not None:
        name = hashlib.sha256(choice.model_dump_json().encode()).hexdigest()[:12]
        lesson = replace(lesson, checkpoints=FolderCheckpoints(checkpoints / name))
    fitted = learn(lesson, choice)
    head = deepcopy(lesson.head)  # its own: one model that is calibrated must not change another
    program = Program(lesson.contract, lesson.preprocess, fitted.body, head)
    return Model(program=program.eval(), choice=choice, fitted=fitted)


def checkpoint_folder(settings: TrainConfig, made_of: Sequence[str]) -> Path | None:
    """Where trainings on the same data, with the same settings and code, go on from."""
    if settings.checkpoints is None:
        return None
    found = hashlib.sha256("\0".join([*made_of, settings.model_dump_json()]).encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        found.update(path.read_bytes())
    return settings.checkpoints / found.hexdigest()[:16]


@torch.no_grad()
def raw_values(model: Model, examples: Labelled) -> Tensor:
    """What the body returns for prepared rows, ``[rows, head.width]``."""
    parts = [
        model.program.body(part.rows.numbers, part.rows.codes)
        for part in examples.split(BATCH_ROWS)
    ]
    return torch.cat(parts)


def balance(head: Head, labels: Floats) -> Weigh:
    """Weights by which every class counts alike in the loss.

    The head takes their logarithms off again, so that its probabilities are still those of the data
    (Elkan, The Foundations of Cost-Sensitive Learning, 2001).
    """
    n_classes = max(head.width, 2)
    counts = np.bincount(labels.astype(np.int64), minlength=n_classes)
    weights = len(labels) / (n_classes * np.maximum(counts, 1))
    shift = -np.log(weights)
    head.offset.copy_(torch.from_numpy(shift if head.width > 1 else shift[1:] - shift[:1]))
    head.start.sub_(head.offset)

    def weigh(given: Floats) -> Floats:
        found: Floats = weights[given.astype(np.int64)]
        return found

    return weigh


def seed_everything(settings: TrainConfig) -> None:
    """Every random draw follows ``train.seed``."""
    random.seed(settings.seed)
    np.random.seed(settings.seed)
    torch.manual_seed(settings.seed)
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
