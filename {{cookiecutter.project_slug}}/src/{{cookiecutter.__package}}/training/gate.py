"""The rules a model must hold before it may serve; pure, and on by default."""

from dataclasses import dataclass

import numpy as np

from ..config import GateConfig
from .evaluate import Evaluation

MODEL, DUMMY, LINEAR, CHAMPION = "model", "dummy", "linear", "champion"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule's outcome, with the figures that decided it."""

    rule: str
    passed: bool
    reason: str


def judge(evaluation: Evaluation, config: GateConfig, *, parity: float) -> list[Rule]:
    """Every rule's outcome; the model passes where all do.

    ``parity`` is the largest difference between torch and ONNX as a multiple of the tolerance.
    """
    rules = [
        Rule(
            rule="parity",
            passed=parity <= 1,
            reason=f"torch and ONNX differ by {parity:.3f} of what is tolerated",
        ),
        _better_than_dummy(evaluation),
        _not_worse_than_linear(evaluation, config),
    ]
    if CHAMPION in evaluation.names:
        rules.append(_better_than_champion(evaluation, config))
    return rules


def _better_than_dummy(evaluation: Evaluation) -> Rule:
    loss = evaluation.difference(MODEL, DUMMY, "log_loss")
    auc = evaluation.interval(MODEL, "auc")
    return Rule(
        rule="better than dummy",
        passed=loss.high < 0 and auc.low > 0.5,
        reason=f"log loss − dummy's {loss}, below 0 wanted; AUC {auc}, above 0.5 wanted",
    )


def _not_worse_than_linear(evaluation: Evaluation, config: GateConfig) -> Rule:
    difference = evaluation.difference(MODEL, LINEAR, "auc")
    return Rule(
        rule="not worse than linear",
        passed=difference.low >= -config.max_auc_loss_to_linear,
        reason=f"AUC − linear's {difference}, from {-config.max_auc_loss_to_linear:g} wanted",
    )


def _better_than_champion(evaluation: Evaluation, config: GateConfig) -> Rule:
    difference = evaluation.difference(MODEL, CHAMPION, "auc")
    same = np.array_equal(
        evaluation.draws[MODEL]["log_loss"], evaluation.draws[CHAMPION]["log_loss"]
    )
    wanted = f"above {config.min_improvement:g} wanted"
    return Rule(
        rule="better than champion",
        passed=difference.low > config.min_improvement,
        reason="it is the champion's equal" if same else f"AUC − champion's {difference}, {wanted}",
    )
