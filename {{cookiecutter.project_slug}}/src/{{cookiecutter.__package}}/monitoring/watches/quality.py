"""How good the answers were, over all rows and slice by slice, once outcomes are known."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ...models.metrics import METRICS
from ..finding import Finding
from ..labelled import Labelled, coverage, ends, evaluation_of, labelled, worse
from ..seen import Seen


def judge(seen: Seen) -> list[Finding]:
    """Every metric with its interval; the one that decides is judged, in each slice as well."""
    served = seen.window.rows
    labels = Finding(
        kind="quality",
        subject="labels",
        measure="coverage",
        value=coverage(served),
        rows=len(served),
    )
    known = labelled(seen)
    if known is None:
        return [labels]
    return [labels, *_whole(seen, known), *_slices(seen, known)]


def _whole(seen: Seen, known: Labelled) -> Iterator[Finding]:
    task, threshold = seen.bundle.task, seen.config.quality.threshold
    tested = seen.bundle.metadata["metrics"]["model"]
    scored = task.scores(known.labels, known.outputs)
    values = scored.all()
    draws = known.bootstrap.draw(scored, values)
    for name in task.metrics:
        interval = known.bootstrap.interval(values[name], draws[name])
        low, high = ends(interval)
        sign, judged = METRICS[name].sign, name == task.main
        near = _worse_end(tested.get(name), sign) if judged else None
        breach = worse(interval, near, threshold, sign)
        useless = breach and high is not None and high < task.chance
        yield Finding(
            kind="quality",
            subject=name,
            measure=name,
            value=interval.value,
            low=low,
            high=high,
            limit=None if near is None else near - sign * threshold,
            rows=len(known.rows),
            breach=breach,
            gross="worse than a model that has learned nothing" if useless else "",
        )


def _slices(seen: Seen, known: Labelled) -> Iterator[Finding]:
    """The deciding metric in each slice with ``min_rows`` labels, against the same on test rows.

    Intervals are as wide as those of so many slices have to be, to hold all together.
    """
    task, threshold = seen.bundle.task, seen.config.quality.threshold
    name, sign = task.main, METRICS[task.main].sign
    found = evaluation_of(seen.bundle).get("slices", [])
    tested = {f"{one['column']} = {one['value']}": one["metrics"] for one in found}
    large = [
        (part, rows)
        for part, rows in _parts(seen, known)
        if len(rows) >= seen.config.min_rows and task.variety(known.labels[rows]) > 1
    ]
    for part, rows in large:
        scored = task.scores(known.labels[rows], known.outputs[rows])
        within, values = known.bootstrap.within(rows), scored.all()
        draws = within.draw(scored, values)[name]
        interval = within.interval_of_many(values[name], draws, len(large))
        near = _worse_end(tested.get(part, {}).get(name), sign)
        low, high = ends(interval)
        yield Finding(
            kind="quality",
            subject=name,
            part=part,
            measure=name,
            value=interval.value,
            low=low,
            high=high,
            limit=None if near is None else near - sign * threshold,
            rows=len(rows),
            breach=worse(interval, near, threshold, sign),
        )


def _parts(seen: Seen, known: Labelled) -> Iterator[tuple[str, Any]]:
    """Each value of each categorical slice column, with its places among the labelled rows."""
    inputs, names = seen.window.rows.inputs, seen.contract.category
    for column in seen.contract.slices:
        if column in names:
            texts = inputs.category[known.rows, names.index(column)].astype(str)
            values, place = np.unique(texts, return_inverse=True)
            for index, value in enumerate(values):
                yield f"{column} = {value}", np.flatnonzero(place == index)


def _worse_end(tested: Mapping[str, float | None] | None, sign: int) -> float | None:
    """The end of the test span's interval on the worse side, where it is known."""
    return None if tested is None else tested["low" if sign > 0 else "high"]
