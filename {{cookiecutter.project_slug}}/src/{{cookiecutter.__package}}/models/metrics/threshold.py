"""The probability from which calling a row positive serves an objective best."""

from dataclasses import dataclass

import numpy as np

from ...config import ThresholdConfig
from .scored import Floats, ratio


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A threshold, and why it is this one."""

    threshold: float
    why: str
    """What is said after it, such as "where F1 on validation rows is highest"."""
    reached: bool = True
    """Whether the wanted precision or recall is."""


def best_cut(labels: Floats, probabilities: Floats, config: ThresholdConfig) -> Cut:
    """The threshold, of all that tell rows apart, where the objective is best.

    Of equal ones the highest. Calling no row positive is one of them where that costs the least.
    """
    if len(np.unique(labels)) < 2:
        return Cut(threshold=0.5, why="as validation rows have one label alone", reached=False)
    order = np.argsort(-probabilities, kind="stable")
    ordered = probabilities[order]
    last = np.append(ordered[:-1] != ordered[1:], True)  # a threshold takes all of equal ones
    found = np.append(0, np.cumsum(labels[order])[last])
    called = np.append(0, np.flatnonzero(last) + 1)
    none = np.nextafter(np.float32(ordered[0]), np.float32(2))  # the graph's outputs are float32
    thresholds = np.append(float(none), ordered[last])
    value = _objective(config, found, called, labels.sum(), len(labels))
    wanted, best = config.at_least, float(value.max())
    if wanted is None:
        return Cut(threshold=float(thresholds[value.argmax()]), why=config.told)
    reached = value >= wanted
    if not reached.any():
        why = (
            f"where {config.objective} on validation rows is {best:.3f}, the nearest to {wanted:g}"
        )
        return Cut(threshold=float(thresholds[value.argmax()]), why=why, reached=False)
    # more rows called: more recall; fewer: as a rule more precision
    other = found if config.objective == "precision" else ratio(found, called, 0.0)
    chosen = np.where(reached, other, -1.0).argmax()
    return Cut(threshold=float(thresholds[chosen]), why=config.told)


def _objective(
    config: ThresholdConfig, found: Floats, called: Floats, positive: float, rows: int
) -> Floats:
    """What is to be high, where the highest ``called`` rows hold ``found`` of the positive ones."""
    wrong, missed = called - found, positive - found
    match config.objective:
        case "f1":
            return 2 * found / (called + positive)
        case "accuracy":
            return 1 - (wrong + missed) / rows
        case "youden":
            return found / positive - wrong / (rows - positive)
        case "cost":
            costs = config.false_positive_cost or 0.0, config.false_negative_cost or 0.0
            return -(costs[0] * wrong + costs[1] * missed) / rows
        case "precision":
            return ratio(found, called, 0.0)
        case "recall":
            return found / positive
