"""How a training ends: recorded, registered, judged, served; and the tracker told of it."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from typing import Any

from ..config import Config
from ..errors import ParityError
from ..models.bundle import Bundle
from ..models.versions import Version, Versions, format_rule
from ..terminal import say
from .evaluation.evaluate import CHAMPION, Evaluation
from .gate.rules import Rule
from .kinds import Fitted
from .registry.history import show_verdict
from .registry.promotion import promote
from .tracking import Record, environment, tracker_of, write_record
from .tracking.outbox import ALIASES, Outbox

ROOT = __name__.partition(".")[0]
SINKS: Sequence[str] = (
    # options, one line each
    "training.report.page",
)
"""Modules whose ``write(versions, version, reports)`` is called once a version is registered."""


def conclude(
    config: Config,
    versions: Versions,
    bundle: Bundle,
    evaluation: Evaluation,
    fitted: Fitted,
    rules: list[Rule],
) -> Version:
    """Record the run, register the bundle, show the verdict, serve what may be served.

    What ``SINKS`` write into the version's reports folder is there before the tracker is told.

    Raises:
        ParityError: the graph answers differently from torch.
    """
    tracker = tracker_of(config.train, versions.name)
    outbox = Outbox(versions, tracker, config.monitor.reports)
    try:
        version = versions.of_bundle(bundle.hash)
        judged = version is None and CHAMPION in evaluation.names
        if version is None:
            version = _register(outbox, config, bundle, evaluation, fitted, rules)
        else:
            say(
                f"model     {bundle.path} is version {version.number} already: same data, settings"
                " and code"
            )
        for sink in SINKS:
            import_module(f"{ROOT}.{sink}").write(versions, version, config.monitor.reports)
        _refuse_other_answers(version)
        _offer(outbox, version, automatic=judged and config.train.promote == "auto")
    finally:
        outbox.send()
    return version


def _register(
    outbox: Outbox,
    config: Config,
    bundle: Bundle,
    evaluation: Evaluation,
    fitted: Fitted,
    rules: list[Rule],
) -> Version:
    write_record(outbox.versions, bundle.hash, _record(config, bundle, evaluation, fitted))
    outbox.mark(bundle.hash, ALIASES)
    passed = all(rule.passed for rule in rules)
    verdict = [asdict(rule) for rule in rules]
    show_verdict(verdict)
    version = outbox.versions.register(bundle.hash, verdict, passed=passed)
    size = sum(path.stat().st_size for path in bundle.path.iterdir())
    say(f"model     {bundle.path}  version {version.number}, {size / 1e6:.1f} MB, card in card.md")
    return version


def _refuse_other_answers(version: Version) -> None:
    for rule in version.verdict:
        if rule["rule"] == "parity" and not rule["passed"]:
            raise ParityError(
                f"version {version.number}: {format_rule(rule)}; it is kept for inspection"
            )


def _offer(outbox: Outbox, version: Version, *, automatic: bool) -> None:
    """Serve the first that passed; a later one, now compared with the champion, if automatic."""
    served = outbox.versions.served()
    if served == version:
        return
    if not version.passed:
        say("gate      refused; what serves is unchanged")
        if served is None:
            say("next      nothing serves yet: more rows or better features help, then train again")
    elif served is None:
        promote(outbox, str(version.number), "the first model that passed the gate")
    elif automatic:
        promote(outbox, str(version.number), "passed the gate; train.promote is auto")
    else:
        say(f"next      serve it with: promote {version.number}")


def _record(config: Config, bundle: Bundle, evaluation: Evaluation, fitted: Fitted) -> Record:
    return Record(
        metrics={
            f"{name}_{metric}": value
            for name in evaluation.names
            for metric, value in evaluation.values[name].items()
        },
        curves=[
            dict(zip(fitted.curves, row, strict=True))
            for row in zip(*fitted.curves.values(), strict=True)
        ],
        dataset=_manifest(config, bundle),
        environment=environment(),
        ended=time.time(),
    )


def _manifest(config: Config, bundle: Bundle) -> dict[str, Any]:
    path = config.data.directory / "datasets" / bundle.metadata["dataset"] / "manifest.json"
    content: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}
    return content
