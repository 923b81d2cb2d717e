"""Other versions beside the one that serves: how far their answers lie apart, and which is better."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import ConfigDict, Field

from ...config import CheckConfig, Section, Severity
from ...models.challenger import Challenges
from ...models.intervals import Interval
from ...models.metrics import METRICS, Draws, Floats, Integers
from ...models.versions import Versions
from ..finding import Finding
from ..quality import bootstrap_of, ends, is_mature
from ..read_log import Served
from ..windows import Window
from . import Check

KIND = "challenger"


class ChallengerCheckConfig(CheckConfig):
    """How far a challenger may answer from the champion."""

    severity: Severity = "info"
    """How much it matters."""
    threshold: Annotated[float, Field(gt=0)] = 0.1
    """Mean distance of its answers: of probabilities, or in σ of the champion's values."""


class ChallengerFile(Section):
    """Of ``challenger.yaml`` what monitoring reads; the server reads the other keys."""

    model_config = ConfigDict(extra="ignore")

    check: ChallengerCheckConfig = ChallengerCheckConfig()
    """How answers are compared, and when that is an alert."""


def judge(window: Window) -> list[Finding]:
    """Each other version against this one: on the rows that both answered where they are enough.

    A challenger that answers a share of the traffic has rows of its own; then the two are compared
    as they are, over the same days.
    """
    folder = window.bundle.path.parent
    lines = Challenges(Versions(folder.parent, folder.name)).history()
    beside = {line["version"] for line in lines if line["against"] == window.record.version}
    return [
        finding
        for version, other in sorted(window.others.items())
        if version in beside and len(other) >= window.config.min_rows
        for finding in _compare(window, f"version {version}", other)
    ]


def _compare(window: Window, subject: str, other: Served) -> Iterator[Finding]:
    champion = window.rows
    ours, theirs = shared_rows(champion, other)
    paired = len(ours) >= window.config.min_rows
    if paired:
        champion, other = champion[ours], other[theirs]
        yield _divergence(window, subject, champion, other)
    known = [served[np.flatnonzero(~np.isnan(served.labels))] for served in (champion, other)]
    task = window.bundle.task
    enough = all(len(served) >= window.config.min_rows for served in known)
    if enough and is_mature(window) and all(task.variety(s.labels) > 1 for s in known):
        yield from _better(window, subject, *known, paired=paired)


def shared_rows(champion: Served, other: Served) -> tuple[Integers, Integers]:
    """The places, in each, of the rows that both answered."""
    _, ours, theirs = np.intersect1d(champion.keys, other.keys, return_indices=True)
    return ours, theirs


def _divergence(window: Window, subject: str, champion: Served, other: Served) -> Finding:
    """The mean distance between two answers to the same row; of several labels, half their sum."""
    apart = np.abs(other.outputs.astype(np.float64) - champion.outputs)
    apart = apart.sum(1) / 2 if apart.ndim == 2 else apart
    if window.bundle.task.output == "value":
        apart = apart / (float(champion.outputs.std()) or 1.0)
    value, limit = float(apart.mean()), window.settings_of(KIND, ChallengerCheckConfig).threshold
    return Finding(
        kind=KIND,
        subject=subject,
        part="divergence",
        measure="mean_distance",
        value=value,
        limit=limit,
        rows=len(champion),
        breach=value > limit,
    )


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A version's metrics on its rows, and in each draw."""

    values: Mapping[str, float]
    draws: Draws


def _better(
    window: Window, subject: str, champion: Served, other: Served, *, paired: bool
) -> Iterator[Finding]:
    """Each metric of the other version less the champion's; a breach is a decider surely worse."""
    n, task = len(champion), window.bundle.task
    if paired:
        bootstrap = bootstrap_of(window.contract, champion.seconds)
        blocks = (bootstrap.drawn, bootstrap.drawn)
    else:
        bootstrap = bootstrap_of(window.contract, np.concatenate([champion.seconds, other.seconds]))
        blocks = (bootstrap.drawn[:n], bootstrap.drawn[n:])
    ours, theirs = (
        _drawn(window, served, block, bootstrap.counts)
        for served, block in zip((champion, other), blocks, strict=True)
    )
    for name in task.metrics:
        value = theirs.values[name] - ours.values[name]
        interval: Interval = bootstrap.interval(value, theirs.draws[name] - ours.draws[name])
        low, high = ends(interval)
        best = high if METRICS[name].sign > 0 else low
        judged = name == task.main
        yield Finding(
            kind=KIND,
            subject=subject,
            part=name,
            measure=f"{name}_difference",
            value=value,
            low=low,
            high=high,
            limit=0.0 if judged else None,
            rows=len(other),
            breach=judged and best is not None and METRICS[name].sign * best < 0,
        )


def _drawn(window: Window, served: Served, block: Integers, counts: Floats) -> Drawn:
    scored: Any = window.bundle.task.scores(served.labels, served.outputs)
    return Drawn(values=scored.all(), draws=scored.draws(block, counts))


CHECK = Check(
    kinds={KIND: "the challenger differs"},
    judge=judge,
    settings=lambda config: config.settings("challenger", ChallengerFile).check,
)
