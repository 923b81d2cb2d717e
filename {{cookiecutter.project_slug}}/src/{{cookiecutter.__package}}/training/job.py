"""``train``: a dataset version → race → export → evaluate → gate → bundle → version → serve."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from ..config import Config, TrainConfig
from ..data.dataset import current
from ..data.split import SPLITS
from ..errors import ParityError
from ..models.bundle import write_bundle
from ..models.versions import Rule, Version, Versions
from ..terminal import say
from .evaluate import Evidence, Exported, assess, export
from .gate import NOT_OF_THE_MODEL, verdict_of
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

What their ``measure(exported, test)`` returns stands in the bundle's evaluation.
"""


def run(config: Config) -> Version:
    """Train, gate and register a model on the current dataset; serve it if it is the first to pass.

    Raises:
        ParityError: the graph predicts differently from torch; the version stays for inspection.
    """
    settings = config.train
    candidates(settings.model, few_rows=False)  # a wrong setting is refused before data are read
    dataset = current(config.data.directory)
    say(f"dataset   {dataset.path}")
    splits = {split: read_rows(dataset, split, settings) for split in SPLITS}
    winner, linear = race(settings, splits["train"], splits["validation"])
    exported, evidence, verdict = _choose(settings, splits, winner, linear)
    sinks = [import_module(f"{ROOT}.{sink}") for sink in SINKS]
    findings: dict[str, Any] = {}
    for sink in sinks:
        findings |= sink.measure(exported, splits["test"])
    versions = Versions(settings.bundles, dataset.contract.name)
    files = bundle_files(config, dataset, splits, exported, evidence, findings)
    version = _register(versions, files, verdict)
    try:
        for sink in sinks:
            sink.write(versions, version, config.monitor.reports)
        for rule in version.broken:
            if rule.name == "parity":
                what = f"version {version.number}: {rule}"
                raise ParityError(f"{what}; it is kept for inspection")
        _serve_the_first(versions, version)
    finally:
        mirror(settings, versions, config.monitor.reports)
    return version


def _choose(
    settings: TrainConfig, splits: Splits, winner: Model, linear: Model
) -> tuple[Exported, Evidence, list[Rule]]:
    """The winner of the race; the linear baseline where the gate refuses the winner alone."""

    def judged(model: Model) -> tuple[Exported, Evidence, list[Rule]]:
        exported = export(model, splits)
        evidence = assess(settings, splits, exported, linear)
        return exported, evidence, verdict_of(evidence, settings.gate)

    best = judged(winner)
    broken = {rule.name for rule in best[2] if not rule.passed}
    # A model that is only no better than what serves needs no simpler one in its place.
    if winner is linear or broken <= {"better than champion"} or broken & NOT_OF_THE_MODEL:
        return best
    baseline = judged(linear)
    if not all(rule.passed for rule in baseline[2]):
        return best
    why = ", ".join(sorted(broken))
    say(f"gate      refused {winner.choice.kind} ({why}); linear passes")
    return baseline


def _register(versions: Versions, files: Mapping[str, bytes], verdict: list[Rule]) -> Version:
    """Write the bundle and give it a number, which it may have already."""
    path = write_bundle(versions.folder, dict(files))
    if version := versions.of_bundle(path.name):
        say(f"model     is version {version.number} already: same data, settings and code")
        return version
    show_verdict(verdict)
    version = versions.register(path.name, verdict)
    megabytes = sum(map(len, files.values())) / 1e6
    say(f"model     version {version.number}, {megabytes:.1f} MB, {path}")
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
