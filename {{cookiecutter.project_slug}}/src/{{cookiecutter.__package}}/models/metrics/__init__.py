"""Metrics of predictions, and what a bootstrap needs to draw them again without the rows."""

from .binary import Scores
from .multiclass import ClassQuality, ClassScores
from .ranking import Ranking
from .regression import ValueScores
from .scored import METRICS, Draws, Floats, Integers, Metric, Scored, per_bin, ratio
from .threshold import Cut, best_cut

__all__ = [
    "METRICS",
    "ClassQuality",
    "ClassScores",
    "Cut",
    "Draws",
    "Floats",
    "Integers",
    "Metric",
    "Ranking",
    "Scored",
    "Scores",
    "ValueScores",
    "best_cut",
    "per_bin",
    "ratio",
]
