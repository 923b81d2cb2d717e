"""The probability from which calling a row positive serves an objective best."""

from dataclasses import dataclass

import numpy as np

from ..config import ThresholdConfig
from .ranking import Floats, ratio


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A threshold, and why it is this one."""

    threshold: float
    why: str
    """A reason such as "where F1 on validation rows is highest"."""
    reached: bool = True
    """Whether the precision or recall that was asked for is."""


def best_cut(labels: Floats, probabilities: Floats, config: ThresholdConfig) -> Cut:
    """The threshold, of all that tell rows apart, where the objective is best.

    Of equal ones the highest. Calling no row positive is one of them where that costs the least.
    """
    if len(np.unique(labels)) < 2:
        return Cut(threshold=0.5, why="as validation rows have one label alone", reached=False)
    order = np.argsort(-probabilities, kind="stable")
    ordered = probabilities[order]
    last = np.append(ordered[:-1] != ordered[1:], True)  # a threshold takes all of equal ones
    hits = np.append(0, np.cumsum(labels[order])[last])
    called = np.append(0, np.flatnonzero(last) + 1)
    none = np.nextafter(np.float32(ordered[0]), np.float32(2))  # the graph's outputs are float32
    thresholds = np.append(float(none), ordered[last])
    value = _objective(config, hits, called, labels.sum(), len(labels))
    best, why, reached = value.argmax(), config.told, True
    if config.at_least is not None:
        enough = value >= config.at_least
        reached = bool(enough.any())
        if reached:  # more rows called: more recall; fewer: as a rule more precision
            other = hits if config.objective == "precision" else ratio(hits, called, 0.0)
            best = np.where(enough, other, -1.0).argmax()
        else:
            why = (
                f"where {config.objective} on validation rows is {value.max():.3f}, the nearest to"
                f" {config.at_least:g}"
            )
    return Cut(threshold=float(thresholds[best]), why=why, reached=reached)


def _objective(
    config: ThresholdConfig, hits: Floats, called: Floats, positive: float, rows: int
) -> Floats:
    """What is to be high, where the highest ``called`` rows hold ``hits`` of the positive ones."""
    wrong, missed = called - hits, positive - hits
    match config.objective:
        case "f1":
            return 2 * hits / (called + positive)
        case "cost":
            costs = config.false_positive_cost or 0.0, config.false_negative_cost or 0.0
            return -(costs[0] * wrong + costs[1] * missed) / rows
        case "precision":
            return ratio(hits, called, 0.0)
        case "recall":
            return hits / positive
