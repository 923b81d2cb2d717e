"""The plots of a study: its scores, and the settings that they depend on."""

import io
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from ...models.metrics import METRICS
from .trial import StudyRecord

STYLE: Any = {"axes.spines.right": False, "axes.spines.top": False, "svg.fonttype": "none"}


def draw(study: StudyRecord, importance: Mapping[str, float]) -> Iterator[tuple[str, bytes]]:
    """Every plot that there are figures for, by name, as SVG."""
    with mpl.rc_context(STYLE | {"svg.hashsalt": "study"}):
        if study.best is not None:
            yield "history", _svg(history(study))
        if importance:
            yield "importance", _svg(weights(importance))


def history(study: StudyRecord) -> Figure:
    """Scores in the order of the trials, the best so far, and the score of the settings as they are."""
    scores = {trial.number: trial.score for trial in study.trials if trial.score is not None}
    numbers = sorted(scores)
    values = [scores[number] for number in numbers]
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(numbers, values, "o", markersize=4, label="a trial")
    axes.step(numbers, list(accumulate(values, max)), where="post", label="the best so far")
    if 0 in scores:
        axes.axhline(scores[0], color="grey", linestyle="--", label="the settings as they are")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel(f"trial; {len(study.trials) - len(scores)} more were ended early")
    axes.set_ylabel(f"validation {METRICS[study.metric].title}")
    axes.legend(loc="lower right")
    return figure


def weights(importance: Mapping[str, float]) -> Figure:
    """The share of the scores' variance that each setting explains (fANOVA), the largest on top."""
    figure = Figure(figsize=(6, 1 + 0.3 * len(importance)), layout="constrained")
    axes = figure.subplots()
    axes.barh(list(importance), list(importance.values()))
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel("share of the scores' variance")
    return figure


def _svg(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()
