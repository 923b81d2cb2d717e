"""The plots of a study: how its scores went, and which settings they followed from."""

from collections.abc import Mapping
from itertools import accumulate

from matplotlib.ticker import MaxNLocator

from ....models.metrics import METRICS
from ....pages.words import figures, percent, short
from ...tracking.trial import StudyRecord
from .canvas import BASELINE, BLUE, GREY, Plot, finish, sheet, styled, tall


def draw_study(study: StudyRecord, importance: Mapping[str, float]) -> list[Plot]:
    """Every plot that there are figures for."""
    with styled():
        made = [history(study), weights(importance)]
    return [plot for plot in made if plot is not None]


def history(study: StudyRecord) -> Plot | None:
    """Scores in the order of the trials, and the best so far."""
    best, metric = study.best, METRICS[study.metric].title
    known = {trial.number: trial.score for trial in study.trials if trial.score is not None}
    if best is None or best.score is None:
        return None
    figure, (axes,) = sheet()
    scores = [known[number] for number in sorted(known)]
    axes.step(sorted(known), list(accumulate(scores, max)), where="post", color=BLUE, alpha=0.45)
    axes.plot(sorted(known), scores, "o", color=BLUE, markersize=4)
    axes.plot([best.number], [best.score], "o", color=BLUE, markersize=9)
    low = min(sorted(scores)[len(scores) // 10], known.get(0, max(scores)))
    margin = 0.08 * (max(scores) - low) or 0.01
    axes.set_ylim(low - 2 * margin, max(scores) + margin)
    early = [trial.number for trial in study.trials if trial.score is None]
    axes.plot(early, [low - 1.6 * margin] * len(early), "|", color=GREY, markersize=6)
    if 0 in known:
        axes.axhline(known[0], **BASELINE)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("trial")
    axes.set_ylabel(f"validation {metric}")
    title = f"Trial {best.number} of {len(study.trials)} is best: {metric} {figures(best.score, 4)}"
    if 0 in known:
        title += f" (settings as they are {figures(known[0], 4)})"
    note = (
        "A dot is a trial, the line the best so far, the dashes the settings as they are; a tick at"
        " the bottom is a trial that was ended early."
    )
    return finish(figure, "history", title, note)


def weights(importance: Mapping[str, float]) -> Plot | None:
    """How much each setting mattered."""
    if not importance:
        return None
    figure, (axes,) = sheet(tall(len(importance)))
    shares = list(importance.values())
    axes.barh(range(len(shares)), shares, color=BLUE, height=0.6)
    names = [f"{short(name)}  {percent(share)}" for name, share in importance.items()]
    axes.set_yticks(range(len(shares)), names)
    axes.set_ylim(len(shares) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_formatter(lambda value, _: percent(value))
    axes.set_xlabel("share of the scores' variance")
    name, first = next(iter(importance.items()))
    title = f"{short(name)} matters most: {percent(first)} of how scores differ"
    note = "By fANOVA over the trials that came to their end; within the space that was searched."
    return finish(figure, "importance", title, note)
