"""The rules a model must hold before it may serve; pure, and on by default."""

from dataclasses import dataclass

import numpy as np

from ..config import GateConfig
from ..models.metrics import METRICS
from ..models.tasks import Task
from .evaluate import Evaluation

MODEL, DUMMY, LINEAR, CHAMPION = "model", "dummy", "linear", "champion"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule's outcome, with the figures that decided it."""

    rule: str
    passed: bool
    reason: str


def judge(task: Task, evaluation: Evaluation, config: GateConfig, *, parity: float) -> list[Rule]:
    """Every rule's outcome; the model passes where all do.

    ``parity`` is the largest difference between torch and ONNX as a multiple of the tolerance.
    """
    rules = [
        Rule(
            rule="parity",
            passed=parity <= 1,
            reason=f"torch and ONNX differ by {parity:.3f} of what is tolerated",
        ),
        _better_than_dummy(task, evaluation),
        _not_worse_than_linear(task, evaluation, config),
    ]
    if CHAMPION in evaluation.names:
        rules.append(_better_than_champion(task, evaluation, config))
    return rules


def _better_than_dummy(task: Task, evaluation: Evaluation) -> Rule:
    loss = evaluation.difference(MODEL, DUMMY, task.loss)
    main = evaluation.interval(MODEL, task.main)
    return Rule(
        rule="better than dummy",
        passed=loss.high < 0 and main.low > task.chance,
        reason=f"{METRICS[task.loss].title} − dummy's {loss}, all below 0 wanted;"
        f" {_title(task)} {main}, all above {task.chance:g} wanted",
    )


def _not_worse_than_linear(task: Task, evaluation: Evaluation, config: GateConfig) -> Rule:
    difference = evaluation.difference(MODEL, LINEAR, task.main)
    return Rule(
        rule="not worse than linear",
        passed=difference.low >= -config.max_loss_to_linear,
        reason=f"{_title(task)} − linear's {difference},"
        f" all from {-config.max_loss_to_linear:g} wanted",
    )


def _better_than_champion(task: Task, evaluation: Evaluation, config: GateConfig) -> Rule:
    difference = evaluation.difference(MODEL, CHAMPION, task.main)
    same = np.array_equal(
        evaluation.draws[MODEL][task.loss], evaluation.draws[CHAMPION][task.loss], equal_nan=True
    )
    wanted = f"all above {config.min_improvement:g} wanted"
    return Rule(
        rule="better than champion",
        passed=difference.low > config.min_improvement,
        reason=(
            "it is the champion's equal"
            if same
            else f"{_title(task)} − champion's {difference}, {wanted}"
        ),
    )


def _title(task: Task) -> str:
    return METRICS[task.main].title
