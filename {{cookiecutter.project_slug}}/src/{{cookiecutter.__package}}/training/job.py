"""``train``: a dataset version → race → export → evaluate → gate → bundle → version → serve."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import import_module
from typing import Any

from ..config import Config
from ..data.dataset import Dataset, current
from ..data.split import SPLITS
from ..errors import ParityError
from ..models.bundle import write_bundle
from ..models.tasks import task_of
from ..models.versions import Version, Versions, format_rule
from ..terminal import say
from .assess import Assessed, assess, export
from .evaluate import CHAMPION
from .gate import NOT_OF_THE_MODEL
from .promote import promote, show_verdict
from .race import candidates, race
from .record import bundle_files
from .rows import Splits, read_rows
from .tracking import mirror

ROOT = __name__.partition(".")[0]
SINKS: Sequence[str] = (
    # options, one line each
    "training.report.page",
)
"""Modules whose ``write(versions, version, reports)`` is called once a version is registered.

What their ``measure(task, graph, test, outputs, bootstrap)`` returns stands in the bundle's evaluation.
"""


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
    contract, task = dataset.contract, task_of(dataset.contract)
    splits = {split: read_rows(dataset, split, settings) for split in SPLITS}
    split = dataset.manifest.get("split", {})
    winner, linear, ranking = race(contract, settings, splits["train"], splits["validation"], split)
    assessed = assess(config, dataset, splits, export(winner, task, splits, settings), linear)
    if linear is not winner and assessed.failed and not assessed.failed & NOT_OF_THE_MODEL:
        exported = export(linear, task, splits, settings)
        baseline = assess(config, dataset, splits, exported, linear)
        if not baseline.failed:
            why = ", ".join(sorted(assessed.failed))
            say(f"gate      refused {winner.choice.kind} ({why}); linear passes")
            assessed = baseline
    return register(config, dataset, splits, assessed, ranking)


def register(
    config: Config,
    dataset: Dataset,
    splits: Splits,
    assessed: Assessed,
    ranking: Sequence[Mapping[str, Any]] = (),
) -> Version:
    """Write the bundle, give it a number, serve it if it may be served; then tell the tracker.

    ``ranking`` is that of the race.

    Raises:
        ParityError: the graph predicts differently from torch; the version stays for inspection.
    """
    exported, evaluation, name = assessed.exported, assessed.evaluation, dataset.contract.name
    versions, reports = Versions(config.train.bundles, name), config.monitor.reports
    sinks = [import_module(f"{ROOT}.{sink}") for sink in SINKS]
    task = task_of(dataset.contract, exported.threshold)
    findings: dict[str, Any] = {"race": ranking}
    for sink in sinks:
        test, bootstrap = splits["test"], evaluation.bootstrap
        findings |= sink.measure(task, exported.graph, test, exported.tested, bootstrap)
    files = bundle_files(config, dataset, splits, assessed, findings)
    path = write_bundle(versions.folder, files)
    version = versions.of_bundle(path.name)
    automatic = config.train.promote == "auto" and CHAMPION in evaluation.values and not version
    if version is None:
        verdict = [asdict(rule) for rule in assessed.rules]
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
                what = f"version {version.number}: {format_rule(rule)}"
                raise ParityError(f"{what}; it is kept for inspection")
        _offer(versions, version, automatic=automatic)
    finally:
        mirror(config, versions)
    return version


def _offer(versions: Versions, version: Version, *, automatic: bool) -> None:
    """Serve the first that passed; a later one, now compared with the champion, if automatic."""
    served, number = versions.served(), str(version.number)
    if served == version:
        return
    if not version.passed:
        then = (
            "what serves is unchanged"
            if served
            else (
                "nothing serves yet: more rows\n          or better features help; make train tries again"
            )
        )
        say(f"next      the gate refused version {number}; {then}")
    elif served is None:
        promote(versions, number, "the first model that passed the gate")
    elif automatic:
        promote(versions, number, "passed the gate; train.promote is auto")
    else:
        say(f"next      serve it with: promote {number}")
