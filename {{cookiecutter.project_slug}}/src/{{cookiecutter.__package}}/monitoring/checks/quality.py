"""How good the answers were, over all rows and slice by slice, once outcomes are known."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ...contract import Contract
from ...models.inputs import Inputs, Texts
from ...models.metrics import METRICS
from ...models.slices import ranges
from ...values import canonical_category
from ..check import Check, Kind
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
    evaluation = evaluation_of(seen.bundle)
    found, cuts = evaluation.get("slices", []), evaluation.get("cuts", {})
    tested = {f"{one['column']} = {one['value']}": one["metrics"] for one in found}
    large = [
        (part, rows)
        for part, rows in _parts(seen, known, cuts)
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


def _parts(
    seen: Seen, known: Labelled, cuts: Mapping[str, list[float]]
) -> Iterator[tuple[str, Any]]:
    """Each part of each slice column that requests have, with its places among the labelled rows."""
    inputs = seen.window.rows.inputs[known.rows]
    for column in seen.contract.slices:
        texts = _texts(seen.contract, inputs, column, cuts.get(column))
        if texts is not None:
            values, place = np.unique(texts.astype(str), return_inverse=True)
            for index, value in enumerate(values):
                yield f"{column} = {value}", np.flatnonzero(place == index)


def _texts(
    contract: Contract, inputs: Inputs, column: str, cuts: list[float] | None
) -> Texts | None:
    """A column as the slices of the test rows are called; none where it cannot be told."""
    if column in contract.category:
        return inputs.category[:, contract.category.index(column)]
    if column not in contract.numeric:
        return None
    numbers = inputs.numeric[:, contract.numeric.index(column)]
    if contract.columns[column].type == "boolean":
        known = {0.0: False, 1.0: True}
        return np.array([canonical_category(known.get(number)) for number in numbers], object)
    return None if cuts is None else ranges(numbers, cuts)


def _worse_end(tested: Mapping[str, float | None] | None, sign: int) -> float | None:
    """The end of the test span's interval on the worse side, where it is known."""
    return None if tested is None else tested["low" if sign > 0 else "high"]


CHECK = Check(
    kinds=[
        Kind(
            name="quality",
            lead="quality fell",
            title="Quality",
            note="How good answers were, on rows whose outcome is known by now; the band is the"
            " interval of the window's own days. Ordinary windows stay on the better side of the"
            " dashed limit.",
            whole=True,
        )
    ],
    judge=judge,
)
