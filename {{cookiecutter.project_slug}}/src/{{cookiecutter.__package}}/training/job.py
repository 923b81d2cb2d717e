"""``train``: a dataset version → fit → evaluate → export → bundle → version → gate → serve."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors.torch

from ..config import Config, TrainConfig
from ..contract import Contract
from ..data.dataset import current
from ..errors import DataError, ParityError
from ..models import baselines, graph
from ..models.arrow import from_table
from ..models.bundle import (
    Bundle,
    answer,
    open_bundle,
    open_session,
    parity_error,
    write_bundle,
)
from ..models.metrics import METRICS
from ..models.tasks import task_of, threshold_of
from ..models.versions import Version, Versions
from ..terminal import say, table
from ..values import canonical_category
from . import contents, gate
from .card import write_card
from .evaluate import Evaluation, blocks, evaluate, slices
from .fitting import seed_everything, torch_outputs, train_program
from .gate import CHAMPION, DUMMY, LINEAR, MODEL
from .loop import FitResult
from .registry import CHALLENGER, promote
from .rows import Rows, read_rows
from .tracking import Tracker, tracker

EXAMPLE_ROWS = 16


def run(config: Config) -> Version:
    """Train, gate and register a model on the current dataset; serve it if it is the first to pass.

    Raises:
        DataError: there is no dataset.
        ParityError: the graph answers differently from torch.
    """
    dataset = current(config.data.directory)
    contract, settings = dataset.contract, config.train
    say(f"dataset   {dataset.path}")
    seed_everything(settings)
    task = task_of(contract)
    train, validation, test = (
        read_rows(dataset, split) for split in ("train", "validation", "test")
    )
    program, result, prepared = train_program(contract, settings, train, validation)
    linear = baselines.linear(
        program, contract.task, prepared, train.labels, program.prepare(test.inputs)
    )
    model = graph.export(program, train.inputs[:EXAMPLE_ROWS]).SerializeToString()
    session = open_session(model)
    tested, validated, trained = (
        answer(session, rows.inputs, task) for rows in (test, validation, train)
    )
    expected = torch_outputs(program, test.inputs)
    parity = parity_error(expected, tested, task.scale(expected))
    predictions: dict[str, npt.NDArray[Any]] = {
        MODEL: tested,
        LINEAR: linear,
        DUMMY: task.constant(train.labels, len(test.labels)),
    }
    versions = Versions(settings.bundles, contract.name)
    served = versions.served()
    if served is not None:
        predictions[CHAMPION] = rescore(contract, versions, served, test)
    evaluation = measure(contract, settings, test, predictions)
    threshold = threshold_of(task, validation.labels, validated)
    metadata = contents.describe(dataset, settings, evaluation, train, trained, threshold)
    found = list(slices(task, test.labels, tested, _texts(contract, test)))
    splits = dataset.manifest["splits"]
    files = {
        "model.onnx": model,
        "contract.json": contract.text.encode(),
        "metadata.json": json.dumps(metadata, indent=2).encode(),
        "profile.json": json.dumps(contents.summarise(contract, config, train, trained)).encode(),
        "card.md": write_card(contract, metadata, evaluation, found, splits).encode(),
        "weights.safetensors": safetensors.torch.save(program.state_dict()),
        "sample.parquet": contents.sample(contract, train, trained),
    }
    bundle = open_bundle(write_bundle(versions.folder, files))
    return conclude(
        config,
        versions,
        bundle,
        evaluation,
        result,
        gate.judge(task, evaluation, settings.gate, parity=parity),
    )


def rescore(
    contract: Contract, versions: Versions, served: Version, test: Rows
) -> npt.NDArray[np.float32]:
    """The champion on the same test rows.

    Raises:
        DataError: the dataset no longer has a column that the champion needs.
    """
    champion = open_bundle(versions.folder / served.bundle)
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
    contract: Contract,
    settings: TrainConfig,
    test: Rows,
    predictions: Mapping[str, npt.NDArray[Any]],
) -> Evaluation:
    """Evaluate on the test rows and show it."""
    task = task_of(contract)
    evaluation = evaluate(
        task,
        test.labels,
        predictions,
        blocks(contract, test.inputs),
        resamples=settings.gate.resamples,
        confidence=settings.gate.confidence,
        seed=settings.seed,
    )
    unit = "days" if contract.time else "rows"
    table(
        f"{len(test.labels):,} test rows; {evaluation.confidence:.0%} intervals over {evaluation.n_blocks} {unit}",
        ["", *(METRICS[metric].title for metric in task.metrics)],
        [
            (name, *(str(evaluation.interval(name, m)) for m in task.metrics))
            for name in evaluation.names
        ],
    )
    return evaluation


def conclude(
    config: Config,
    versions: Versions,
    bundle: Bundle,
    evaluation: Evaluation,
    result: FitResult,
    rules: list[gate.Rule],
) -> Version:
    """Record the run, register the bundle, show the verdict, serve what may be served."""
    known = versions.of_bundle(bundle.hash)
    if known is not None:
        say(
            f"model     {bundle.path} is version {known.number} already: same data, settings and code"
        )
        if versions.served() is None:
            _offer(config, versions, _recorder(config, versions), known)
        return known
    table("gate", ["rule", "passed", "why"], [(r.rule, r.passed, r.reason) for r in rules])
    passed = all(rule.passed for rule in rules)
    recorder = _recorder(config, versions)
    run_id = _record(recorder, bundle, evaluation, result)
    version = versions.register(
        bundle.hash, [asdict(rule) for rule in rules], passed=passed, run_id=run_id
    )
    recorder.register(run_id, version.number, bundle.hash)
    size = sum(path.stat().st_size for path in bundle.path.iterdir())
    say(f"model     {bundle.path}  version {version.number}, {size / 1e6:.1f} MB, card in card.md")
    if any(rule.rule == "parity" and not rule.passed for rule in rules):
        raise ParityError(f"version {version.number}: {rules[0].reason}; it is kept for inspection")
    _offer(config, versions, recorder, version)
    return version


def _recorder(config: Config, versions: Versions) -> Tracker:
    return tracker(config.train.tracking_uri, config.train.artifacts, versions.name)


def _offer(config: Config, versions: Versions, recorder: Tracker, version: Version) -> None:
    if not version.passed:
        say("gate      refused; what serves is unchanged")
        if versions.served() is None:
            say("next      nothing serves yet: more rows or better features help, then train again")
    elif versions.served() is None:
        promote(versions, recorder, version.number, "the first model that passed the gate")
    elif config.train.promote == "auto":
        promote(versions, recorder, version.number, "passed the gate; train.promote is auto")
    else:
        recorder.alias(CHALLENGER, version.number)
        say(f"next      serve it with: promote {version.number}")


def _record(
    recorder: Tracker, bundle: Bundle, evaluation: Evaluation, result: FitResult
) -> str | None:
    metrics = {
        f"{name}_{m}": v for name in evaluation.names for m, v in evaluation.values[name].items()
    }
    curves = [
        {"train_loss": epoch.train_loss, "validation_loss": epoch.validation_loss}
        for epoch in result.epochs
    ]
    params = {**bundle.metadata["settings"], "dataset": bundle.metadata["dataset"]}
    return recorder.run(params, metrics, curves, bundle.path)


def _texts(contract: Contract, rows: Rows) -> dict[str, npt.NDArray[np.object_]]:
    """The columns to report by, features or not, as canonical text."""
    return {
        name: np.array([canonical_category(v) for v in rows.table[name].to_pylist()], object)
        for name in contract.slices
        if name in rows.table.column_names
    }
