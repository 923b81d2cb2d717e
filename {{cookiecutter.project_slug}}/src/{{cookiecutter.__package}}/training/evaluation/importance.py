"""How much each input matters: what quality loses when its values are dealt out anew.

Permutation importance (Breiman, Random Forests, 2001; "model reliance" in Fisher, Rudin & Dominici,
2019), through the exported graph. Inputs that tell the same share what they tell: each of two
equal columns may seem to matter little.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from ...models.bundle import predict
from ...models.inputs import Inputs
from ...models.metrics import METRICS
from ...models.ranking import Integers
from ...models.tasks import Outputs, Task
from ..rows import Rows
from .bootstrap import Bootstrap, Interval

BUDGET = 400_000
FEWEST_ROWS, MOST_DEALS, DRAWS = 200, 10, 200


def importance(
    session: ort.InferenceSession,
    task: Task,
    rows: Rows,
    bootstrap: Bootstrap,
    budget: int = BUDGET,
) -> dict[str, Interval]:
    """What the deciding metric loses by each feature, with the rows' intervals, most first.

    About ``budget`` rows are answered: of many rows some are drawn, few are dealt several times.
    """
    features, random = task.contract.features, np.random.default_rng(bootstrap.seed)
    each = max(budget // (len(features) + 1), FEWEST_ROWS)
    chosen = np.sort(random.permutation(len(rows.labels))[:each])
    n, deals = len(chosen), min(max(each // len(chosen), 1), MOST_DEALS)
    at = np.tile(chosen, deals)
    drawn = replace(bootstrap.within(at), resamples=min(bootstrap.resamples, DRAWS))
    inputs, sign = rows.inputs[at], METRICS[task.main].sign

    def quality(outputs: Outputs) -> tuple[float, npt.NDArray[np.float64]]:
        scored = task.scores(rows.labels[at], outputs)
        values = scored.all()
        return values[task.main], drawn.draw(scored, values)[task.main]

    value, draws = quality(np.concatenate([predict(session, rows.inputs[chosen], task)] * deals))
    losses = {}
    for name in features:
        order = np.concatenate([k * n + random.permutation(n) for k in range(deals)])
        without, drawn_without = quality(predict(session, _dealt(task, inputs, name, order), task))
        losses[name] = drawn.interval(sign * (value - without), sign * (draws - drawn_without))
    return dict(sorted(losses.items(), key=lambda one: -np.nan_to_num(one[1].value)))


def _dealt(task: Task, inputs: Inputs, name: str, order: Integers) -> Inputs:
    """The inputs with one column's values in another order."""
    contract = task.contract
    groups = {"numeric": contract.numeric, "category": contract.category, "time": contract.times}
    (group,) = (group for group, names in groups.items() if name in names)
    values: npt.NDArray[Any] = getattr(inputs, group).copy()
    index = groups[group].index(name)
    values[:, index] = values[order, index]
    changed: dict[str, Any] = {group: values}
    return replace(inputs, **changed)
