"""A challenger against the champion: how far their predictions lie apart, and which is better."""

from collections.abc import Iterator

import numpy as np

from ...models.challenger import ChallengerConfig
from ...models.metrics import METRICS, Draws
from ..finding import Finding
from ..read_log import Served
from ..windows import Window
from . import Check
from .quality import bootstrap_of, finding_of, is_mature

KIND = "challenger"


def judge(window: Window) -> list[Finding]:
    """Compare every newer version that answered, or shadowed, in a window."""
    newer = sorted(version for version in window.others if version > window.record.version)
    return [finding for version in newer for finding in _compare(window, version)]


def _compare(window: Window, version: int) -> Iterator[Finding]:
    """Predictions on the rows that both answered; quality on these, or on all where these are few."""
    champion, challenger, subject = window.rows, window.others[version], f"version {version}"
    min_rows = window.config.min_rows
    our_keys, their_keys = (rows.index["_key"].to_numpy() for rows in (champion, challenger))
    _, ours, theirs = np.intersect1d(our_keys, their_keys, return_indices=True)
    if (n := len(ours)) >= min_rows:
        champion, challenger = champion[ours], challenger[theirs]
        distance = float(np.abs(challenger.outputs - champion.outputs).mean())
        yield Finding(kind=KIND, subject=subject, measure="mean_distance", value=distance, rows=n)
    both = [each[np.flatnonzero(~np.isnan(each.labels))] for each in (champion, challenger)]
    enough = all(len(rows) >= min_rows and np.ptp(rows.labels) > 0 for rows in both)
    if enough and is_mature(window):
        yield _quality(window, subject, *both)


def _quality(window: Window, subject: str, champion: Served, challenger: Served) -> Finding:
    """The deciding metric of the challenger less the champion's; a breach is surely worse.

    Both are drawn on the same days, so that a difference between days cancels out.
    """
    task, name, n = window.bundle.task, window.bundle.task.main, len(champion)
    days = bootstrap_of(window.bundle.contract, np.append(champion.seconds, challenger.seconds))
    ours, theirs = (task.scores(each.labels, each.outputs) for each in (champion, challenger))
    block, counts, threshold = days.draws.block, days.draws.counts, window.settings[KIND].threshold
    our_draws = ours.by_draw(Draws(block[:n], counts))[name]
    their_draws = theirs.by_draw(Draws(block[n:], counts))[name]
    interval = days.interval(theirs.all()[name] - ours.all()[name], their_draws - our_draws)
    about = {"kind": KIND, "subject": subject, "measure": f"{name}_difference"}
    return finding_of(interval, 0.0, threshold, METRICS[name].sign, rows=len(challenger), **about)


CHECK = Check(
    kinds={KIND: "the challenger differs"},
    judge=judge,
    settings=lambda config: config.settings("challenger", ChallengerConfig).check,
)
