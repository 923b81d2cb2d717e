"""``train``: a dataset version → race → export → evaluate → gate → bundle → version → serve."""

from collections.abc import Sequence
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
from .evaluate import Evidence, Exported, assess, export
from .gate import NOT_OF_THE_MODEL, broken_by, judge
from .promote import promote, show_verdict
from .race import Model, candidates, race
from .record import bundle_files
from .rows import Splits, read_rows
from .tracking import mirror

ROOT = __name__.partition(".")[0]
SINKS: Sequence[str] = (
    # options, one line each
    "training.report.page",
)
"""Modules whose ``write(versions, version, reports)`` is called once a version is registered.

What their ``measure(task, graph, test, outputs)`` returns stands in the bundle's evaluation.
"""


def run(config: Config) -> Version:
    """Train, gate and register a model on the current dataset; serve it if it is the first to pass.

    Where the winner of the race is refused and the linear baseline passes, the baseline is taken.
    """
    settings = config.train
    candidates(settings.model, few_rows=False)  # a wrong setting is refused before data are read
    dataset = current(config.data.directory)
    say(f"dataset   {dataset.path}")
    splits = {split: read_rows(dataset, split, settings) for split in SPLITS}
    split = dataset.manifest.get("split", {})
    winner, linear = race(settings, splits["train"], splits["validation"], split)
    exported, evidence = _choose(config, dataset, splits, winner, linear)
    return register(config, dataset, splits, exported, evidence)


def _choose(
    config: Config, dataset: Dataset, splits: Splits, winner: Model, linear: Model
) -> tuple[Exported, Evidence]:
    """The winner of the race; the linear baseline where the gate refuses the winner alone."""
    gate, exported = config.train.gate, export(winner, splits)
    evidence = assess(config, dataset, splits, exported, linear)
    broken = broken_by(judge(evidence, gate))
    winner_at_fault = bool(broken) and not broken & NOT_OF_THE_MODEL
    if winner is linear or not winner_at_fault:
        return exported, evidence
    linear_export = export(linear, splits)
    linear_evidence = assess(config, dataset, splits, linear_export, linear)
    if broken_by(judge(linear_evidence, gate)):
        return exported, evidence
    why = ", ".join(sorted(broken))
    say(f"gate      refused {winner.choice.kind} ({why}); linear passes")
    return linear_export, linear_evidence


def register(
    config: Config, dataset: Dataset, splits: Splits, exported: Exported, evidence: Evidence
) -> Version:
    """Write the bundle, give it a number, serve it if nothing serves; then tell the tracker.

    Raises:
        ParityError: the graph predicts differently from torch; the version stays for inspection.
    """
    versions = Versions(config.train.bundles, dataset.contract.name)
    sinks = [import_module(f"{ROOT}.{sink}") for sink in SINKS]
    task = task_of(dataset.contract, exported.cut.threshold if exported.cut else None)
    findings: dict[str, Any] = {}
    for sink in sinks:
        findings |= sink.measure(task, exported.graph, splits["test"], exported.tested)
    files = bundle_files(config, dataset, splits, exported, evidence, findings)
    path = write_bundle(versions.folder, files)
    version = versions.of_bundle(path.name)
    if version is None:
        rules = judge(evidence, config.train.gate)
        verdict = [asdict(rule) for rule in rules]
        show_verdict(verdict)
        version = versions.register(path.name, verdict, passed=not broken_by(rules))
        megabytes = sum(map(len, files.values())) / 1e6
        say(f"model     version {version.number}, {megabytes:.1f} MB, {path}")
    else:
        say(f"model     is version {version.number} already: same data, settings and code")
    try:
        for sink in sinks:
            sink.write(versions, version, config.monitor.reports)
        for rule in version.verdict:
            if rule["rule"] == "parity" and not rule["passed"]:
                what = f"version {version.number}: {format_rule(rule)}"
                raise ParityError(f"{what}; it is kept for inspection")
        _serve_the_first(versions, version)
    finally:
        mirror(config, versions)
    return version


def _serve_the_first(versions: Versions, version: Version) -> None:
    """Serve the first that passed; of every other say what to do with it."""
    served, number = versions.served(), str(version.number)
    if served is None and version.passed:
        promote(versions, number, "the first model that passed the gate")
    elif version.passed and served != version:
        say(f"next      serve it with: promote {number}")
    elif not version.passed and served:
        say(f"next      the gate refused version {number}; what serves is unchanged")
    elif not version.passed:
        say(f"next      {versions.unserved()}")
