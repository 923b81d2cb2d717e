"""How much each input matters: what quality loses when its values are shuffled.

Permutation importance (Breiman, Random Forests, 2001), through the exported graph. Inputs that hold
the same information share it: each of two equal columns may seem to matter little.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from ...models.bundle import run
from ...models.inputs import Inputs
from ...models.intervals import Bootstrap, Interval
from ...models.metrics import METRICS
from ...models.tasks import Outputs, Task
from ..rows import Integers, Rows

BUDGET = 400_000
FEWEST_ROWS, MOST_SHUFFLES, DRAWS = 200, 10, 200


def importance(
    session: ort.InferenceSession,
    task: Task,
    rows: Rows,
    bootstrap: Bootstrap,
    budget: int = BUDGET,
) -> dict[str, Interval]:
    """What the deciding metric loses by each feature, with the rows' intervals, most first.

    About ``budget`` rows are predicted: of many rows a sample, few are shuffled several times.
    """
    features, random = task.contract.features, np.random.default_rng(bootstrap.seed)
    each = max(budget // (len(features) + 1), FEWEST_ROWS)
    chosen = np.sort(random.permutation(len(rows))[:each])
    n, shuffles = len(chosen), min(max(each // len(chosen), 1), MOST_SHUFFLES)
    at = np.tile(chosen, shuffles)
    drawn = replace(bootstrap.within(at), resamples=min(bootstrap.resamples, DRAWS))
    inputs, sign = rows.inputs[at], METRICS[task.main].sign

    def quality(outputs: Outputs) -> tuple[float, npt.NDArray[np.float64]]:
        scored = task.scores(rows.labels[at], outputs)
        values = scored.all()
        return values[task.main], drawn.draw(scored, values)[task.main]

    value, draws = quality(np.concatenate([run(session, rows.inputs[chosen])] * shuffles))
    losses = {}
    for name in features:
        order = np.concatenate([k * n + random.permutation(n) for k in range(shuffles)])
        without, drawn_without = quality(run(session, _shuffled(task, inputs, name, order)))
        losses[name] = drawn.interval(sign * (value - without), sign * (draws - drawn_without))
    return dict(sorted(losses.items(), key=lambda one: -np.nan_to_num(one[1].value)))


def _shuffled(task: Task, inputs: Inputs, name: str, order: Integers) -> Inputs:
    """The inputs with one column's values in another order."""
    contract = task.contract
    groups = {"numeric": contract.numeric, "category": contract.category, "time": contract.times}
    (group,) = (group for group, names in groups.items() if name in names)
    values: npt.NDArray[Any] = getattr(inputs, group).copy()
    index = groups[group].index(name)
    values[:, index] = values[order, index]
    changed: dict[str, Any] = {group: values}
    return replace(inputs, **changed)
