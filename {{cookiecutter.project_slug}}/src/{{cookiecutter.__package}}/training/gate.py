"""The rules that a model must hold before it may serve; on by default.

Intervals count: a fault must be sure to refuse a model, and where a merit is required it must be
sure. Pure: what ``Evidence`` holds is measured elsewhere.
"""

from collections.abc import Callable, Mapping

import numpy as np

from ..config import GateConfig
from ..models.metrics import METRICS
from ..models.versions import NOT_MEASURED, Rule
from .evaluate import CHAMPION, DUMMY, LINEAR, MODEL, Evidence

NOT_OF_THE_MODEL = {"parity", "no leaky feature", "unseen test rows"}
"""Rules that another model on the same rows would break as well, or that tell of a fault of ours."""
Result = tuple[str, str, bool, str]
"""What was measured, its limit, whether it passed, and the reason."""


def verdict_of(evidence: Evidence, config: GateConfig) -> list[Rule]:
    """Every rule's result; the model passes where all do."""
    verdict = []
    for name, measure in RULES.items():
        if name in config.skip:
            verdict.append(Rule(name, True, "gate.skip in train.yaml names it", limit="skipped"))
        elif measure is not _better_than_champion or CHAMPION in evidence.evaluation.values:
            measured, limit, passed, reason = measure(evidence, config)
            verdict.append(Rule(name, passed, reason, measured, limit))
    return verdict


def _parity(evidence: Evidence, _: GateConfig) -> Result:
    """The graph that serves is the model that was trained."""
    reason = (
        "largest difference from the model that became this graph, as a multiple of the tolerance"
    )
    return f"{evidence.parity:.3f}", "≤ 1", evidence.parity <= 1, reason


def _no_leaky_feature(evidence: Evidence, config: GateConfig) -> Result:
    """A feature that predicts the target alone is as a rule only known after it."""
    most = config.max_feature_score
    column, value = max(evidence.leakage.items(), key=lambda one: one[1], default=("none", 0.0))
    reason = "how well the best feature alone predicts the target"
    if leaky := [f"'{name}'" for name, share in evidence.leakage.items() if share >= most]:
        reason = (
            f"{', '.join(leaky)} alone predicts the target: if known only after it, set leaks: true"
            " in contract.yaml; if known before, raise gate.max_feature_score"
        )
    return f"{value:.4f} ({column})", f"< {most:g}", not leaky, reason


def _unseen_test_rows(evidence: Evidence, _: GateConfig) -> Result:
    """Figures on rows that were learned from say nothing."""
    if evidence.overlap is None:
        return NOT_MEASURED, NOT_MEASURED, True, "rows have no id"
    return f"{evidence.overlap:,}", "0", not evidence.overlap, "test rows whose id was learned from"


def _better_than_dummy(evidence: Evidence, _: GateConfig) -> Result:
    """Something was learned: the loss is below, and the deciding metric above, knowing nothing."""
    task = evidence.task
    loss = evidence.evaluation.difference(MODEL, DUMMY, task.loss)
    main = evidence.evaluation.interval(MODEL, task.main)
    passed = loss.high < 0 and main.low > task.chance
    reason = f"{METRICS[task.loss].title} minus the dummy's; {METRICS[task.main].title}"
    return f"{loss}; {main}", f"all < 0; all > {task.chance:g}", passed, reason


def _not_worse_than_linear(evidence: Evidence, config: GateConfig) -> Result:
    """What is harder to read and run must not surely lose to a straight line."""
    main, least = evidence.task.main, 0.0 - config.max_loss_to_linear
    gain = evidence.evaluation.difference(MODEL, LINEAR, main)
    reason = f"{METRICS[main].title} less the linear model's on the same rows"
    return str(gain), f"some ≥ {least:g}", not gain.high < least, reason


def _better_than_champion(evidence: Evidence, config: GateConfig) -> Result:
    """Surely better than what serves now, or with a limit below 0 surely not much worse."""
    main, loss, least = evidence.task.main, evidence.task.loss, config.min_improvement
    gain = evidence.evaluation.difference(MODEL, CHAMPION, main)
    reason = f"{METRICS[main].title} less the champion's on the same rows"
    draws = evidence.evaluation.draws
    if np.array_equal(draws[MODEL][loss], draws[CHAMPION][loss], equal_nan=True):
        reason = "it is the champion's equal"
    return str(gain), f"all > {least:g}", gain.low > least, reason


def _no_broken_slice(evidence: Evidence, _: GateConfig) -> Result:
    """A good mean may hide rows for which no model would be better; sure of all slices at once."""
    if not evidence.slices:
        return NOT_MEASURED, NOT_MEASURED, True, "no slice: true column, or too few rows of each"
    # what is unknown refuses nobody
    worst = max(evidence.slices, key=lambda one: np.nan_to_num(one.loss.low, nan=-np.inf))
    reason = (
        f"{METRICS[evidence.task.loss].title} minus the dummy's in the worst of"
        f" {len(evidence.slices)} slices, {worst.column} = {worst.value} ({worst.rows:,} rows)"
    )
    return str(worst.loss), "low end ≤ 0", not worst.loss.low > 0, reason


def _calibrated(evidence: Evidence, config: GateConfig) -> Result:
    """Who acts on a probability, or a value, takes it at its word."""
    gap, most = evidence.calibration, config.max_calibration_error
    limit, reason = f"low end ≤ {most:g}", "mean distance of probabilities from observed shares"
    if evidence.task.kind == "regression":
        limit = f"some of ±{most:g}"
        reason = "mean of predicted minus observed, in spreads of the target"
    return str(gap), limit, gap.low <= most and gap.high >= -most, reason


RULES: Mapping[str, Callable[[Evidence, GateConfig], Result]] = {
    "parity": _parity,
    "no leaky feature": _no_leaky_feature,
    "unseen test rows": _unseen_test_rows,
    "better than dummy": _better_than_dummy,
    "not worse than linear": _not_worse_than_linear,
    "better than champion": _better_than_champion,
    "no broken slice": _no_broken_slice,
    "calibrated": _calibrated,
}
