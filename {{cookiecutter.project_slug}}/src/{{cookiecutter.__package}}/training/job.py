"""``train``: a dataset version → race → export → evaluate → gate → bundle → version → serve."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

import numpy as np

from ..config import Config
from ..contract import Contract
from ..data.dataset import Dataset, current
from ..errors import BundleError, DataError, ParityError
from ..models.bundle import open_bundle, open_session, write_bundle
from ..models.metrics import METRICS
from ..models.tables import from_table
from ..models.tasks import Task, task_of, threshold_of
from ..models.versions import Version, Versions, format_rule
from ..terminal import say, table
from .evaluate import (
    CHAMPION,
    DUMMY,
    LINEAR,
    MODEL,
    Evaluation,
    Predictions,
    evaluate,
    slice_columns,
)
from .evidence import leakage, miscalibration, overlap, row_cost, slice_losses, unattended
from .exported import Exported, export
from .gate import Evidence, Rule, judge
from .promote import promote, show_verdict
from .race import Model, candidates, race
from .record import bundle_files, git_state
from .rows import Rows, Splits, blocks, read_splits
from .tracking import mirror

ROOT = __name__.partition(".")[0]
SINKS: Sequence[str] = (
    # options, one line each
    "training.report.page",
)
"""Modules whose ``write(versions, version, reports)`` is called once a version is registered.

What their ``measure(task, graph, test, outputs, bootstrap)`` returns stands in the bundle's evaluation.
"""
OF_THE_MODEL = {
    "better than dummy",
    "not worse than linear",
    "better than champion",
    "not worse than champion",
    "no broken slice",
    "calibrated",
    "size",
    "row cost",
}
"""Rules that another model on the same rows may pass."""


@dataclass(frozen=True, kw_only=True)
class Assessed:
    """A model, how good it is, and what the gate says of it."""

    exported: Exported
    evaluation: Evaluation
    rules: Sequence[Rule]

    @property
    def failed(self) -> set[str]:
        """The rules that refuse it."""
        return {rule.rule for rule in self.rules if not rule.passed}


def run(config: Config) -> Version:
    """Train, gate and register a model on the current dataset; serve it if it is the first to pass.

    Where the winner of the race is refused and the linear baseline passes, the baseline is taken.

    Raises:
        DataError: there is no dataset.
        ModelFailedError: an output of the graph cannot be one.
        ParityError: the graph predicts differently from torch.
    """
    settings = config.train
    candidates(settings.model, 0, 0)  # a wrong setting is refused before anything is read
    dataset = current(config.data.directory)
    say(f"dataset   {dataset.path}")
    splits, task = read_splits(dataset, settings), task_of(dataset.contract)
    split = dataset.manifest.get("split", {})
    outcome = race(dataset.contract, settings, splits.train, splits.validation, split)
    exported = export(outcome.winner, task, splits, settings, outcome.entries)
    assessed = assess(config, dataset, splits, exported, outcome.linear)
    if outcome.linear is not outcome.winner and assessed.failed and assessed.failed <= OF_THE_MODEL:
        simple = export(outcome.linear, task, splits, settings, outcome.entries)
        baseline = assess(config, dataset, splits, simple, outcome.linear)
        if not baseline.failed:
            why = ", ".join(sorted(assessed.failed))
            say(f"gate      refused {outcome.winner.choice.kind} ({why}); linear passes")
            assessed = baseline
    return register(config, dataset, splits, assessed)


def assess(
    config: Config, dataset: Dataset, splits: Splits, exported: Exported, linear: Model
) -> Assessed:
    """Compare a graph with the baselines and the champion on the test rows, and judge it."""
    settings, contract, test = config.train, dataset.contract, splits.test
    task = task_of(contract)
    predictions = {
        MODEL: Predictions(outputs=exported.tested, threshold=_threshold(exported.cut)),
        **_baselines(config, task, splits, linear),
        **champion(contract, Versions(settings.bundles, contract.name), test),
    }
    evaluation = evaluate(
        task,
        test.labels,
        predictions,
        blocks(contract, test, dataset.manifest.get("split", {})),
        resamples=settings.gate.resamples,
        confidence=settings.gate.confidence,
        seed=settings.seed,
    )
    _show(task, len(test), evaluation)
    if exported.cut is not None:
        word = "threshold" if exported.cut.reached else "WARNING   threshold"
        say(f"{word} {exported.cut.threshold:.4f}, {exported.cut.why}")
    outputs = {name: predictions[name].outputs for name in (MODEL, DUMMY)}
    evidence = Evidence(
        task=task,
        evaluation=evaluation,
        parity=exported.parity,
        between=exported.between,
        leakage=leakage(contract, splits.train),
        overlap=overlap(contract, [splits.train, splits.validation], test),
        slices=slice_losses(
            task,
            test.labels,
            outputs,
            slice_columns(contract, test.table),
            evaluation.bootstrap,
        ),
        calibration=miscalibration(task, evaluation, test.labels, exported.tested),
        size_mb=len(exported.graph) / 1e6,
        row_ms=row_cost(open_session(exported.graph), test.inputs),
        git=git_state(),
        ci=unattended(),
    )
    rules = [exported.valid, *judge(evidence, settings.gate)]
    return Assessed(exported=exported, evaluation=evaluation, rules=rules)


def register(config: Config, dataset: Dataset, splits: Splits, assessed: Assessed) -> Version:
    """Write the bundle, give it a number, serve it if it may be served; then tell the tracker.

    Raises:
        ParityError: the graph predicts differently from torch; the version is kept.
    """
    contract, exported, evaluation = dataset.contract, assessed.exported, assessed.evaluation
    versions, reports = Versions(config.train.bundles, contract.name), config.monitor.reports
    sinks = [import_module(f"{ROOT}.{name}") for name in SINKS]
    task, findings = task_of(contract, _threshold(exported.cut)), dict[str, Any]()
    for sink in sinks:
        bootstrap = evaluation.bootstrap
        findings |= sink.measure(task, exported.graph, splits.test, exported.tested, bootstrap)
    files = bundle_files(config, dataset, splits, exported, evaluation, findings)
    path = write_bundle(versions.folder, files)
    verdict = [asdict(rule) for rule in assessed.rules]
    version = versions.of_bundle(path.name)
    automatic = config.train.promote == "auto" and CHAMPION in evaluation.values and not version
    if version is None:
        show_verdict(verdict)
        version = versions.register(path.name, verdict, passed=not assessed.failed)
        megabytes = sum(map(len, files.values())) / 1e6
        say(f"model     version {version.number}, {megabytes:.1f} MB, {path}")
    else:
        say(f"model     is version {version.number} already: same data, settings and code")
    try:
        for sink in sinks:
            sink.write(versions, version, reports)
        for rule in version.verdict:
            if rule["rule"] == "parity" and not rule["passed"]:
                kept = f"version {version.number}: {format_rule(rule)}; it is kept for inspection"
                raise ParityError(kept)
        _offer(versions, version, automatic=automatic)
    finally:
        mirror(config, versions)
    return version


def _offer(versions: Versions, version: Version, *, automatic: bool) -> None:
    """Serve the first that passed; a later one, now compared with the champion, if automatic."""
    served = versions.served()
    if served == version:
        return
    if not version.passed and served is None:
        say(
            f"next      the gate refused version {version.number} and nothing serves yet: more rows"
            "\n          or better features help; make train tries again"
        )
    elif not version.passed:
        say(f"next      the gate refused version {version.number}; what serves is unchanged")
    elif served is None:
        promote(versions, str(version.number), "the first model that passed the gate")
    elif automatic:
        promote(versions, str(version.number), "passed the gate; train.promote is auto")
    else:
        say(f"next      serve it with: promote {version.number}")


def _baselines(config: Config, task: Task, splits: Splits, linear: Model) -> dict[str, Predictions]:
    """What a model must beat: a linear model of the same rows, and the labels alone."""
    objective, labels = config.train.threshold, splits.validation.labels
    dummy = [
        task.constant(splits.train.labels, len(rows)) for rows in (splits.validation, splits.test)
    ]
    return {
        LINEAR: Predictions(
            outputs=linear.program.predict(splits.test.inputs),
            threshold=_threshold(threshold_of(task, linear.labels, linear.outputs, objective)),
        ),
        DUMMY: Predictions(
            outputs=dummy[1], threshold=_threshold(threshold_of(task, labels, dummy[0], objective))
        ),
    }


def champion(contract: Contract, versions: Versions, test: Rows) -> Mapping[str, Predictions]:
    """What serves now on the same test rows; nothing where none does or its bundle is damaged.

    Raises:
        DataError: the dataset no longer has a column that the champion needs, or it is of another
            task.
    """
    if (served := versions.served()) is None:
        return {}
    try:
        bundle = open_bundle(versions.folder / served.bundle)
    except BundleError as error:
        say(
            f"warning   the served version {served.number} is damaged: {error}\n          nothing is"
            " compared with it; serve another: rollback, or promote the version made now"
        )
        return {}
    if bundle.contract.task != contract.task:
        raise DataError(
            f"the served version {served.number} is a {bundle.contract.task} model and cannot be"
            f" compared with a {contract.task} one: give the contract another name"
        )
    try:
        outputs = bundle.predict(from_table(bundle.contract, test.table))
    except DataError as error:
        raise DataError(
            f"the served version {served.number} cannot be compared on this dataset: {error}"
        ) from None
    threshold = bundle.metadata["threshold"]
    return {CHAMPION: Predictions(outputs=np.asarray(outputs), threshold=threshold)}


def _show(task: Task, n_rows: int, evaluation: Evaluation) -> None:
    """So short that 80 columns hold three intervals."""

    def cell(model: str, metric: str) -> str:
        found = evaluation.interval(model, metric)
        large = max(abs(found.value), abs(np.nan_to_num(found.high))) >= 100
        return f"{found:,.0f}" if large else f"{found:.3f}"

    table(
        f"{n_rows:,} test rows; {evaluation.bootstrap}",
        ["", *(METRICS[metric].title for metric in task.headline)],
        [(model, *(cell(model, m) for m in task.headline)) for model in evaluation.values],
    )


def _threshold(cut: Any) -> float | None:
    return None if cut is None else cut.threshold
