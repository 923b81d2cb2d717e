"""Which candidate is taken, or which blend of them, by the losses on rows that none learned from."""

from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np
from scipy.special import expit, logit, softmax

from ..models.intervals import Bootstrap
from ..models.metrics import SMALLEST, Floats
from ..models.tasks import Outputs, Task

PICKS = 20
Weights = Mapping[str, float]
"""Of each candidate that takes part, by name; they add up to 1."""
Transform = Callable[[Floats], Floats]
SCALES: Mapping[str, tuple[Transform, Transform]] = {
    "binary": (lambda p: logit(np.clip(p, SMALLEST, 1 - SMALLEST)), expit),
    "multiclass": (lambda p: np.log(np.clip(p, SMALLEST, 1)), lambda raw: softmax(raw, 1)),
    "regression": (np.asarray, np.asarray),
}
"""By task: from outputs to the raw values of which a blend is the mean, and back.

What is nearer to 0 or 1 than ``SMALLEST`` counts as that; the graph has no such limit.
"""


def choose(
    task: Task,
    labels: Floats,
    outputs: Mapping[str, Outputs],
    bootstrap: Bootstrap,
    max_members: int,
) -> Weights:
    """The candidate of the lowest loss, or the blend of at most ``max_members`` that is better.

    ``outputs`` are on the same rows. Better is by more than one standard error of the paired
    difference: less may be chance, since the same rows chose the blend, and a blend costs more.
    """
    losses = {name: task.losses(labels, one) for name, one in outputs.items()}
    best = min(losses, key=lambda name: losses[name].mean())
    weights = select(task, labels, outputs, max_members)
    gain = losses[best] - task.losses(labels, pool(task, outputs, weights))
    is_known = bootstrap.n_blocks > 1  # of a single block, every draw is the same
    is_better = is_known and gain.mean() > bootstrap.draws.mean(gain).std()
    return weights if is_better else {best: 1.0}


def select(task: Task, labels: Floats, outputs: Mapping[str, Outputs], max_members: int) -> Weights:
    """Add, 20 times, the candidate that lowers the mean's loss most; one may be added again.

    Caruana et al., Ensemble Selection from Libraries of Models, 2004.
    """
    to_raw, to_outputs = SCALES[task.kind]
    raw = {name: to_raw(one.astype(np.float64)) for name, one in outputs.items()}
    picks, total, lowest, weights = Counter[str](), np.zeros(1), np.inf, dict[str, float]()

    def loss(mean: Floats) -> float:
        return float(task.losses(labels, to_outputs(mean)).mean())

    for n in range(1, PICKS + 1):
        allowed = raw if len(picks) < max_members else picks
        losses = {name: loss((total + raw[name]) / n) for name in allowed}
        name = min(losses, key=losses.__getitem__)
        picks[name], total = picks[name] + 1, total + raw[name]
        if losses[name] < lowest:
            lowest, weights = losses[name], {one: k / n for one, k in picks.items()}
    return weights


def pool(task: Task, outputs: Mapping[str, Outputs], weights: Weights) -> Outputs:
    """The outputs of a blend, from those of its members."""
    to_raw, to_outputs = SCALES[task.kind]
    raw = [weight * to_raw(outputs[name].astype(np.float64)) for name, weight in weights.items()]
    return np.asarray(to_outputs(np.sum(raw, axis=0)))
