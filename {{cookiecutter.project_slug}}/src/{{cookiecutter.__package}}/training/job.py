"""``train``: a dataset version → race → evaluate → export → bundle → version → gate → serve."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..config import Config, TrainConfig
from ..contract import Contract
from ..data.dataset import Dataset, current
from ..errors import BundleError, DataError
from ..models.bundle import (
    Bundle,
    open_bundle,
    open_session,
    write_bundle,
)
from ..models.metrics import METRICS
from ..models.tables import from_table
from ..models.tasks import task_of, threshold_of
from ..models.threshold import Cut
from ..models.versions import Version, Versions
from ..terminal import say, table
from . import contents
from .card import write_card
from .conclude import conclude
from .evaluation.bootstrap import blocks
from .evaluation.evaluate import (
    CHAMPION,
    DUMMY,
    LINEAR,
    MODEL,
    Evaluation,
    evaluate,
    slice_columns,
    slice_cuts,
    slices,
)
from .evaluation.importance import importance
from .exported import Exported, export
from .findings import training_record
from .fitting import Model, checkpoint_folder, fit_model
from .gate.evidence import gather
from .gate.rules import Rule
from .gate.rules import judge as judge_evidence
from .kinds import Lesson
from .networks.checkpoint import FolderCheckpoints
from .race import CONTESTANTS, calibrated, contestants, race, show
from .rows import Rows, Splits, read_splits

LINEAR_MODEL = CONTESTANTS["linear"]


def run(config: Config) -> Version:
    """Train, gate and register a model on the current dataset; serve it if it is the first to pass.

    Raises:
        DataError: there is no dataset.
        ModelFailedError: the graph answers rows with what is no number.
        ParityError: the graph answers differently from torch.
    """
    settings = config.train
    contestants(settings.model)  # a wrong one is refused before anything is read
    dataset = current(config.data.directory)
    contract, task = dataset.contract, task_of(dataset.contract)
    say(f"dataset   {dataset.path}")
    splits = read_splits(dataset, settings)
    train, validation = splits.train, splits.validation
    checkpoints = checkpoint_folder(settings, [dataset.name, contract.hash])
    split = dataset.manifest.get("split", {})
    outcome = race(contract, settings, train, validation, split, checkpoints)
    show(outcome)
    held_out = calibrated(outcome, settings)
    cut = threshold_of(task, held_out.labels, held_out.outputs, settings.threshold)
    exported = export(outcome.winner, task, train, splits.test, outcome.entries)
    line = None if outcome.winner.choice != LINEAR_MODEL else outcome.winner
    version = settle(config, dataset, splits, exported, cut, outcome.lesson, line)
    if checkpoints is not None:
        FolderCheckpoints(checkpoints).clear()
    return version


def settle(
    config: Config,
    dataset: Dataset,
    splits: Splits,
    exported: Exported,
    cut: Cut | None,
    lesson: Lesson,
    line: Model | None = None,
) -> Version:
    """Judge a graph beside its rivals on the test rows, and register it with all that was found.

    ``line`` is the linear model of the lesson, where it is fitted already.

    Raises:
        ParityError: the graph answers differently from what it was made of.
    """
    settings, contract = config.train, dataset.contract
    versions = Versions(settings.bundles, contract.name)
    rivals = {
        MODEL: Rival(outputs=exported.tested, threshold=_of(cut)),
        **baselines(lesson, line or fit_model(lesson, LINEAR_MODEL), splits),
        **champion(contract, versions, splits.test),
    }
    evaluation = measure(dataset, settings, splits.test, rivals)
    if cut is not None:
        say(
            f"{'threshold' if cut.reached else 'WARNING   threshold'} {cut.threshold:.4f}, {cut.why}"
        )
    files = bundle_files(config, dataset, exported, evaluation, cut, splits)
    bundle = open_bundle(write_bundle(versions.folder, files))
    rules = judge(settings, rivals, evaluation, exported, splits, bundle)
    return conclude(config, versions, bundle, evaluation, exported.fitted, rules)


@dataclass(frozen=True, kw_only=True)
class Rival:
    """One of those that are judged on the same test rows."""

    outputs: npt.NDArray[Any]
    threshold: float | None
    """From where on it decides, if decisions need that."""


def baselines(lesson: Lesson, line: Model, splits: Splits) -> dict[str, Rival]:
    """What a model must beat: a straight line through the same rows, and the labels alone."""
    task, labels, objective = lesson.task, splits.validation.labels, lesson.settings.threshold
    asked = (splits.validation, splits.test)
    constant = [task.constant(splits.train.labels, len(rows)) for rows in asked]
    straight = [line.program.predict(rows.inputs) for rows in asked]
    return {
        name: Rival(
            outputs=tested,
            threshold=_of(threshold_of(task, labels, held_out, objective)),
        )
        for name, (held_out, tested) in ((LINEAR, straight), (DUMMY, constant))
    }


def champion(contract: Contract, versions: Versions, test: Rows) -> dict[str, Rival]:
    """What serves now, if anything does, on the same rows."""
    served = versions.served()
    if served is None:
        return {}
    outputs = rescore(contract, versions, served, test)
    if outputs is None:
        return {}
    threshold = open_bundle(versions.folder / served.bundle).metadata["threshold"]
    return {CHAMPION: Rival(outputs=outputs, threshold=threshold)}


def rescore(
    contract: Contract, versions: Versions, served: Version, test: Rows
) -> npt.NDArray[np.float32] | None:
    """The champion on the same test rows, or ``None`` if its bundle is not to be used, which is said.

    Raises:
        DataError: the dataset no longer has a column that the champion needs.
    """
    try:
        champion = open_bundle(versions.folder / served.bundle)
    except BundleError as error:
        say(
            f"warning   the served version {served.number} is damaged: {error}\n          nothing is"
            " compared with it; serve another: rollback, or promote the version made now"
        )
        return None
    if champion.contract.task != contract.task:
        raise DataError(
            f"the served version {served.number} is a {champion.contract.task} model and cannot be"
            f" compared with a {contract.task} one: give the contract another name"
        )
    try:
        return champion.predict(from_table(champion.contract, test.table))
    except DataError as error:
        raise DataError(
            f"the served version {served.number} cannot be compared on this dataset: {error}"
        ) from None


def measure(
    dataset: Dataset,
    settings: TrainConfig,
    test: Rows,
    rivals: Mapping[str, Rival],
) -> Evaluation:
    """Evaluate on the test rows and show it."""
    task = task_of(dataset.contract)
    found = blocks(dataset.contract, test, dataset.manifest.get("split", {}))
    evaluation = evaluate(
        task,
        test.labels,
        {name: rival.outputs for name, rival in rivals.items()},
        found.of,
        unit=found.unit,
        thresholds={name: rival.threshold for name, rival in rivals.items()},
        resamples=settings.gate.resamples,
        confidence=settings.gate.confidence,
        seed=settings.seed,
    )
    table(
        f"{len(test.labels):,} test rows; {evaluation.bootstrap}",
        ["", *(METRICS[metric].title for metric in task.headline)],
        [
            (name, *(str(evaluation.interval(name, m)) for m in task.headline))
            for name in evaluation.names
        ],
    )
    return evaluation


def judge(
    settings: TrainConfig,
    rivals: Mapping[str, Rival],
    evaluation: Evaluation,
    exported: Exported,
    splits: Splits,
    bundle: Bundle,
) -> list[Rule]:
    """The gate's verdict on the model in the bundle."""
    evidence = gather(
        task_of(bundle.contract),
        evaluation,
        {name: rivals[name].outputs for name in (MODEL, DUMMY)},
        slice_columns(bundle.contract, splits.test.table),
        graph=exported.graph,
        parity=exported.parity,
        between=exported.between,
        learned=[splits.train, splits.validation],
        test=splits.test,
        min_rows=settings.evaluation.slice_min_rows,
        git=bundle.metadata["git"],
    )
    return [exported.valid, *judge_evidence(evidence, settings.gate)]


def bundle_files(
    config: Config,
    dataset: Dataset,
    exported: Exported,
    evaluation: Evaluation,
    cut: Cut | None,
    splits: Splits,
) -> dict[str, bytes]:
    """All that is known of the model, by file."""
    contract, trained, train, test = dataset.contract, exported.trained, splits.train, splits.test
    task = task_of(contract, _of(cut))
    made = {**exported.choice.model_dump(mode="json"), "rounds": exported.fitted.rounds}
    metadata = contents.describe(dataset, config.train, evaluation, train, trained, cut, made)
    columns, least = slice_columns(contract, test.table), config.train.evaluation.slice_min_rows
    bootstrap = evaluation.bootstrap
    size = {"parameters": exported.parameters, "bytes": len(exported.graph)}
    record = training_record(
        task,
        evaluation,
        test.labels,
        exported.tested,
        slices=list(slices(task, test.labels, exported.tested, columns, bootstrap, least)),
        cuts=slice_cuts(contract, test.table),
        importance=importance(open_session(exported.graph), task, test, bootstrap),
        fitted=exported.fitted,
        entries=exported.entries,
        size=size,
    )
    return {
        "model.onnx": exported.graph,
        "contract.json": contract.text.encode(),
        "metadata.json": json.dumps(metadata, indent=2).encode(),
        "profile.json": json.dumps(contents.summarise(contract, config, train, trained)).encode(),
        "evaluation.json": json.dumps(record).encode(),
        "card.md": write_card(contract, metadata, record, dataset.manifest["splits"]).encode(),
        **({} if exported.weights is None else {"weights.safetensors": exported.weights}),
        "sample.parquet": contents.sample(contract, train, trained),
    }


def _of(cut: Cut | None) -> float | None:
    return None if cut is None else cut.threshold
