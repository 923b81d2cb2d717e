"""The rules a model must hold before it may serve; pure, and on by default.

Each rule is one function from what is known to one row of the verdict. What intervals say counts:
a fault must be sure to refuse, and a merit must be sure where it is asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...config import GateConfig
from ...models.metrics import METRICS
from ...models.tasks import Outputs, Task
from ...models.versions import UNSAID
from ..evaluation.evaluate import CHAMPION, DUMMY, LINEAR, MODEL
from .evidence import Evidence

OFF = "off"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule's outcome: what was measured, what was wanted, and what that means."""

    rule: str
    measured: str = UNSAID
    limit: str = UNSAID
    passed: bool
    reason: str


def judge(evidence: Evidence, config: GateConfig) -> list[Rule]:
    """Every rule's outcome; the model passes where all do."""
    rules = (rule(evidence, config) for rule in RULES)
    return [rule for rule in rules if rule is not None]


def valid_outputs(task: Task, answered: Mapping[str, Outputs]) -> Rule:
    """Every answer is a number, or there is nothing to measure: it goes before all others.

    ``answered`` holds the graph's outputs by the name of the rows.
    """
    wrong = [
        f"{(~np.isfinite(outputs).reshape(len(outputs), -1).all(1)).sum():,} of {len(outputs):,}"
        f" {name} rows"
        for name, outputs in answered.items()
        if not task.valid(outputs)
    ]
    return Rule(
        rule="valid outputs",
        measured=f"wrong in {', '.join(wrong) or 'none'}",
        limit="none",
        passed=not wrong,
        reason=(
            f"an answer is not finite, or else no {task.output}; nothing else was asked"
            if wrong
            else f"each answer is finite, and what {task.output} can be"
        ),
    )


def parity(evidence: Evidence, config: GateConfig) -> Rule:
    """The graph that serves is the model that was trained."""
    if not config.parity:
        return _off("parity")
    return Rule(
        rule="parity",
        measured=f"{evidence.parity:.3f}",
        limit="≤ 1",
        passed=evidence.parity <= 1,
        reason=f"largest difference between {evidence.between}, as a multiple of what is tolerated",
    )


def no_leaky_feature(evidence: Evidence, config: GateConfig) -> Rule:
    """A feature that tells the target alone is as a rule only known after it."""
    name = "no leaky feature"
    if config.max_telling is None:
        return _off(name)
    column, most = max(evidence.telling.items(), key=lambda one: one[1], default=("none", 0.0))
    leaky = [f"'{n}'" for n, told in evidence.telling.items() if told >= config.max_telling]
    return Rule(
        rule=name,
        measured=f"{most:.4f} ({column})",
        limit=f"< {config.max_telling:g}",
        passed=not leaky,
        reason=(
            f"{', '.join(leaky)} alone tells the target: if known only after it, set leaks: true in"
            " contract.yaml; if known before, raise gate.max_telling"
            if leaky
            else "the most that one feature alone tells of the target"
        ),
    )


def unseen_test_rows(evidence: Evidence, config: GateConfig) -> Rule:
    """Figures on rows that were learned from say nothing."""
    if not config.unseen_test_rows:
        return _off("unseen test rows")
    found = evidence.overlap
    return Rule(
        rule="unseen test rows",
        measured=f"{found.shared:,} of {found.rows:,}",
        limit=f"≤ {found.expected:,}",
        passed=found.shared <= found.expected,
        reason=f"test rows that were learned from, by {found.by}",
    )


def better_than_dummy(evidence: Evidence, config: GateConfig) -> Rule:
    """Something was learned: the loss is below, and the deciding metric above, knowing nothing."""
    if not config.better_than_dummy:
        return _off("better than dummy")
    task, evaluation = evidence.task, evidence.evaluation
    loss = evaluation.difference(MODEL, DUMMY, task.loss)
    main = evaluation.interval(MODEL, task.main)
    return Rule(
        rule="better than dummy",
        measured=f"{loss}; {main}",
        limit=f"all < 0; all > {task.chance:g}",
        passed=loss.high < 0 and main.low > task.chance,
        reason=f"{METRICS[task.loss].title} less the dummy's; {_title(task)}",
    )


def not_worse_than_linear(evidence: Evidence, config: GateConfig) -> Rule:
    """What is harder to read and run must not lose to a straight line."""
    if config.max_loss_to_linear is None:
        return _off("not worse than linear")
    return _at_least(evidence, LINEAR, "not worse than linear", -config.max_loss_to_linear)


def worthy_of_the_champion(evidence: Evidence, config: GateConfig) -> Rule | None:
    """Against what serves now, re-scored on the same rows; without one there is nothing to ask."""
    if CHAMPION not in evidence.evaluation.names:
        return None
    if config.champion == OFF:
        return _off("better than champion")
    if config.champion == "not_worse":
        least = -config.max_loss_to_champion
        return _at_least(evidence, CHAMPION, "not worse than champion", least)
    task, evaluation = evidence.task, evidence.evaluation
    difference = evaluation.difference(MODEL, CHAMPION, task.main)
    one, other = (evaluation.draws[name][task.loss] for name in (MODEL, CHAMPION))
    return Rule(
        rule="better than champion",
        measured=str(difference),
        limit=f"all > {config.min_improvement:g}",
        passed=difference.low > config.min_improvement,
        reason=(
            "it is the champion's equal"
            if np.array_equal(one, other, equal_nan=True)
            else f"{_title(task)} less the champion's on the same rows"
        ),
    )


def no_broken_slice(evidence: Evidence, config: GateConfig) -> Rule:
    """A good mean may hide rows for which no model would be better; sure of all slices at once."""
    name = "no broken slice"
    if not config.slices:
        return _off(name)
    if not evidence.slices:
        return Rule(rule=name, passed=True, reason="no slice: true column, or too few rows of each")
    worst = max(evidence.slices, key=lambda one: _or_least(one.difference.low))
    return Rule(
        rule=name,
        measured=f"{worst.difference}",
        limit="low end ≤ 0",
        passed=_or_least(worst.difference.low) <= 0,
        reason=f"{METRICS[evidence.task.loss].title} less the dummy's in the worst of"
        f" {len(evidence.slices)} slices, {worst.where} ({worst.rows:,} rows)",
    )


def calibrated(evidence: Evidence, config: GateConfig) -> Rule:
    """Who acts on a probability, or a value, takes it at its word."""
    if config.max_calibration_error is None:
        return _off("calibrated")
    found, most = evidence.calibration, config.max_calibration_error
    regression = evidence.task.contract.task == "regression"
    return Rule(
        rule="calibrated",
        measured=str(found),
        limit=f"low end ≤ {most:g}" if not regression else f"some of ±{most:g}",
        passed=found.low <= most and found.high >= -most,
        reason=(
            "mean of predicted less observed, in spreads of the target"
            if regression
            else "what probabilities are off from what came true, in the mean"
        ),
    )


def small_enough(evidence: Evidence, config: GateConfig) -> Rule:
    """What a server has to load."""
    return _cost("size", evidence.size_mb, config.max_size_mb, "MB", "the graph")


def fast_enough(evidence: Evidence, config: GateConfig) -> Rule:
    """What a caller has to wait for, but for the network and the server."""
    return _cost(
        "row cost", evidence.row_ms, config.max_row_ms, "ms", "median of one row, one core"
    )


def clean_commit(evidence: Evidence, config: GateConfig) -> Rule:
    """Who asks later what made this model needs the code; a laptop may try things out."""
    if not config.clean_commit:
        return _off("clean commit")
    commit, dirty = evidence.git["commit"], evidence.git["dirty"]
    clean = commit is not None and not dirty
    missing = "no commit" if commit is None else f"{commit[:12]} and uncommitted changes"
    excuse = "; refused as CI is set" if evidence.ci else "; WARNING only, where CI is set refused"
    return Rule(
        rule="clean commit",
        measured=commit[:12] if clean else missing,
        limit="clean",
        passed=clean or not evidence.ci,
        reason="the code that made it" if clean else f"commit first, then train{excuse}",
    )


RULES: Sequence[Callable[[Evidence, GateConfig], Rule | None]] = (
    parity,
    no_leaky_feature,
    unseen_test_rows,
    better_than_dummy,
    not_worse_than_linear,
    worthy_of_the_champion,
    no_broken_slice,
    calibrated,
    small_enough,
    fast_enough,
    clean_commit,
)


def _off(rule: str) -> Rule:
    return Rule(rule=rule, limit=OFF, passed=True, reason="switched off in train.yaml")


def _at_least(evidence: Evidence, other: str, rule: str, least: float) -> Rule:
    task = evidence.task
    difference = evidence.evaluation.difference(MODEL, other, task.main)
    return Rule(
        rule=rule,
        measured=str(difference),
        limit=f"all ≥ {least:g}",
        passed=difference.low >= least,
        reason=f"{_title(task)} less the {other} model's on the same rows",
    )


def _cost(rule: str, value: float, most: float | None, unit: str, what: str) -> Rule:
    return Rule(
        rule=rule,
        measured=f"{value:.3g} {unit}",
        limit=UNSAID if most is None else f"≤ {most:g} {unit}",
        passed=most is None or value <= most,
        reason=what if most is not None else f"{what}; recorded, no limit is set",
    )


def _title(task: Task) -> str:
    return METRICS[task.main].title


def _or_least(value: float) -> float:
    """What is unknown accuses nobody."""
    return -np.inf if np.isnan(value) else value
