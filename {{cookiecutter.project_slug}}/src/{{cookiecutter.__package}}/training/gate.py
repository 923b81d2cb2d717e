"""The rules that a model must hold before it may serve; on by default.

Intervals count: a fault must be sure to refuse a model, and where a merit is required it must be
sure. Pure: ``evidence`` is measured elsewhere.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..config import GateConfig
from ..models.intervals import Interval
from ..models.metrics import METRICS
from ..models.tasks import Outputs, Task
from ..models.versions import UNSAID
from .evaluate import CHAMPION, DUMMY, LINEAR, MODEL, Evaluation

OFF = "off"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule's result: what was measured, the limit, and what that means."""

    rule: str
    measured: str = UNSAID
    limit: str = UNSAID
    passed: bool
    reason: str


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """How many test rows were learned from."""

    rows: int
    shared: int
    expected: int
    """As many may look learned where rows look alike anyway; 0 where each is unlike all others."""
    by: str
    """What tells rows apart, for people."""


@dataclass(frozen=True, kw_only=True)
class SliceLoss:
    """What the model's loss is above the dummy's where a column has one value."""

    where: str
    rows: int
    difference: Interval


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that the rules look at, measured on test rows unless said."""

    task: Task
    evaluation: Evaluation
    parity: float
    """The largest difference ``between`` two ways to an answer, as a multiple of the tolerance."""
    between: str
    leakage: Mapping[str, float]
    """How well each feature alone predicts the target, on training rows."""
    overlap: Overlap
    slices: Sequence[SliceLoss]
    calibration: Interval
    """Calibration error; of a regression, mean of predicted − observed in spreads of the target."""
    size_mb: float
    row_ms: float
    git: Mapping[str, Any]
    """``commit``, or none, and whether the tree is ``dirty``."""
    ci: bool
    """Whether this is a CI run."""


def judge(evidence: Evidence, config: GateConfig) -> list[Rule]:
    """Every rule's result; the model passes where all do."""
    found = []
    for name, (is_on, rule) in RULES.items():
        if name.endswith("champion") and CHAMPION not in evidence.evaluation.values:
            continue
        if is_on(config):
            measured, limit, passed, reason = rule(evidence, config)
            found.append(
                Rule(rule=name, measured=measured, limit=limit, passed=passed, reason=reason)
            )
        elif name != "not worse than champion":
            reason = "switched off in train.yaml"
            found.append(Rule(rule=name, limit=OFF, passed=True, reason=reason))
    return found


def valid_outputs(task: Task, outputs: Mapping[str, Outputs]) -> Rule:
    """Every answer is a number, or there is nothing to measure: it goes before all others.

    ``outputs`` are the graph's by the name of the rows.
    """
    wrong = [
        f"{(~np.isfinite(found).reshape(len(found), -1).all(1)).sum():,} of {len(found):,} {name} rows"
        for name, found in outputs.items()
        if not task.valid(found)
    ]
    return Rule(
        rule="valid outputs",
        measured=f"wrong in {', '.join(wrong) or 'none'}",
        limit="none",
        passed=not wrong,
        reason=(
            f"an answer is not finite, or else no {task.output}; nothing else was measured"
            if wrong
            else f"each answer is finite and a {task.output}"
        ),
    )


Verdict = tuple[str, str, bool, str]
"""What was measured, its limit, whether it passed, and the reason."""


def _parity(evidence: Evidence, _: GateConfig) -> Verdict:
    """The graph that serves is the model that was trained."""
    reason = f"largest difference between {evidence.between}, as a multiple of the tolerance"
    return f"{evidence.parity:.3f}", "≤ 1", evidence.parity <= 1, reason


def _no_leaky_feature(evidence: Evidence, config: GateConfig) -> Verdict:
    """A feature that predicts the target alone is as a rule only known after it."""
    most = config.max_telling or 1.0
    column, value = max(evidence.leakage.items(), key=lambda one: one[1], default=("none", 0.0))
    leaky = [f"'{name}'" for name, found in evidence.leakage.items() if found >= most]
    reason = "how well the best feature alone predicts the target"
    if leaky:
        reason = (
            f"{', '.join(leaky)} alone predicts the target: if known only after it, set leaks: true"
            " in contract.yaml; if known before, raise gate.max_telling"
        )
    return f"{value:.4f} ({column})", f"< {most:g}", not leaky, reason


def _unseen_test_rows(evidence: Evidence, _: GateConfig) -> Verdict:
    """Figures on rows that were learned from say nothing."""
    found = evidence.overlap
    reason = f"test rows that were learned from, by {found.by}"
    passed = found.shared <= found.expected
    return f"{found.shared:,} of {found.rows:,}", f"≤ {found.expected:,}", passed, reason


def _better_than_dummy(evidence: Evidence, _: GateConfig) -> Verdict:
    """Something was learned: the loss is below, and the deciding metric above, knowing nothing."""
    task = evidence.task
    loss = evidence.evaluation.difference(MODEL, DUMMY, task.loss)
    main = evidence.evaluation.interval(MODEL, task.main)
    passed = loss.high < 0 and main.low > task.chance
    reason = f"{METRICS[task.loss].title} less the dummy's; {METRICS[task.main].title}"
    return f"{loss}; {main}", f"all < 0; all > {task.chance:g}", passed, reason


def _not_worse_than_linear(evidence: Evidence, config: GateConfig) -> Verdict:
    """What is harder to read and run must not surely lose to a straight line."""
    least = 0.0 - (config.max_loss_to_linear or 0.0)
    found, reason = _less(evidence, LINEAR)
    return str(found), f"some ≥ {least:g}", not found.high < least, reason


def _better_than_champion(evidence: Evidence, config: GateConfig) -> Verdict:
    """Against what serves now, on the same rows."""
    found, reason = _less(evidence, CHAMPION)
    draws = evidence.evaluation.draws
    one, other = (draws[name][evidence.task.loss] for name in (MODEL, CHAMPION))
    if np.array_equal(one, other, equal_nan=True):
        reason = "it is the champion's equal"
    least = config.min_improvement
    return str(found), f"all > {least:g}", found.low > least, reason


def _not_worse_than_champion(evidence: Evidence, config: GateConfig) -> Verdict:
    """To refresh a stale model."""
    found, reason = _less(evidence, CHAMPION)
    least = 0.0 - config.max_loss_to_champion
    return str(found), f"all ≥ {least:g}", found.low >= least, reason


def _less(evidence: Evidence, other: str) -> tuple[Interval, str]:
    main = evidence.task.main
    reason = f"{METRICS[main].title} less the {other} model's on the same rows"
    return evidence.evaluation.difference(MODEL, other, main), reason


def _no_broken_slice(evidence: Evidence, _: GateConfig) -> Verdict:
    """A good mean may hide rows for which no model would be better; sure of all slices at once."""
    if not evidence.slices:
        return UNSAID, UNSAID, True, "no slice: true column, or too few rows of each"
    # what is unknown refuses nobody
    worst = max(evidence.slices, key=lambda one: np.nan_to_num(one.difference.low, nan=-np.inf))
    reason = (
        f"{METRICS[evidence.task.loss].title} less the dummy's in the worst of"
        f" {len(evidence.slices)} slices, {worst.where} ({worst.rows:,} rows)"
    )
    return str(worst.difference), "low end ≤ 0", not worst.difference.low > 0, reason


def _calibrated(evidence: Evidence, config: GateConfig) -> Verdict:
    """Who acts on a probability, or a value, takes it at its word."""
    found, most = evidence.calibration, config.max_calibration_error or 0.0
    limit, reason = f"low end ≤ {most:g}", "mean distance of probabilities from observed shares"
    if evidence.task.contract.task == "regression":
        limit = f"some of ±{most:g}"
        reason = "mean of predicted less observed, in spreads of the target"
    return str(found), limit, found.low <= most and found.high >= -most, reason


def _size(evidence: Evidence, config: GateConfig) -> Verdict:
    """What a server has to load."""
    return _cost(evidence.size_mb, config.max_size_mb, "MB", "the graph")


def _row_cost(evidence: Evidence, config: GateConfig) -> Verdict:
    """What a caller has to wait for, but for the network and the server."""
    return _cost(evidence.row_ms, config.max_row_ms, "ms", "median of one row, one core")


def _cost(value: float, most: float | None, unit: str, what: str) -> Verdict:
    if most is None:
        return f"{value:.3g} {unit}", UNSAID, True, f"{what}; recorded, no limit is set"
    return f"{value:.3g} {unit}", f"≤ {most:g} {unit}", value <= most, what


def _clean_commit(evidence: Evidence, _: GateConfig) -> Verdict:
    """Who asks later what made this model needs the code; a laptop may try things out."""
    commit, dirty = evidence.git["commit"], evidence.git["dirty"]
    if commit is not None and not dirty:
        return commit[:12], "clean", True, "the code that made it"
    name = "no commit" if commit is None else "uncommitted changes"
    then = "refused as CI is set" if evidence.ci else "WARNING only, where CI is set refused"
    return name, "clean", not evidence.ci, f"commit first, then train; {then}"


RULES: Mapping[
    str, tuple[Callable[[GateConfig], bool], Callable[[Evidence, GateConfig], Verdict]]
] = {
    "parity": (lambda c: c.parity, _parity),
    "no leaky feature": (lambda c: c.max_telling is not None, _no_leaky_feature),
    "unseen test rows": (lambda c: c.unseen_test_rows, _unseen_test_rows),
    "better than dummy": (lambda c: c.better_than_dummy, _better_than_dummy),
    "not worse than linear": (lambda c: c.max_loss_to_linear is not None, _not_worse_than_linear),
    "better than champion": (lambda c: c.champion == "superior", _better_than_champion),
    "not worse than champion": (lambda c: c.champion == "not_worse", _not_worse_than_champion),
    "no broken slice": (lambda c: c.slices, _no_broken_slice),
    "calibrated": (lambda c: c.max_calibration_error is not None, _calibrated),
    "size": (lambda _: True, _size),
    "row cost": (lambda _: True, _row_cost),
    "clean commit": (lambda c: c.clean_commit, _clean_commit),
}
"""Each rule by name: whether the settings ask it, and how it judges."""
