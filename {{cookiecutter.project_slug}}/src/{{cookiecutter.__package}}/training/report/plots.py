"""The plots of a report: from the bundle's record, each with a sentence on what is seen.

Colours are those of Okabe & Ito (2008), told apart by every kind of colour vision; text takes the colour
of the page around it, so that plots can be read on dark pages too. Drawn the same to the byte each time.
"""

import io
import re
import textwrap
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from ...contract import Contract
from ...models.metrics import METRICS
from ...models.tasks import task_of
from ...pages import figures, percent, short
from ...values import canonical_category
from ..evaluate import MODEL
from .figures import POINTS

BLUE, ORANGE, GREY, INK = "#0072b2", "#d55e00", "#7a828c", "#010203"
WIDTH, LETTERS, MOST_ROWS = 4.0, 42, 20
DASHED: Any = {"color": GREY, "linewidth": 1.2, "linestyle": "--"}
STYLE: Any = {
    "axes.edgecolor": GREY, "axes.grid": True, "axes.labelcolor": INK, "axes.spines.left": False,
    "axes.spines.right": False, "axes.spines.top": False, "axes.titlelocation": "left",
    "axes.titlesize": 8.5, "figure.constrained_layout.use": True, "font.size": 8.5, "grid.alpha": 0.3,
    "savefig.transparent": True, "svg.fonttype": "none", "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a name is one
    "xtick.color": INK, "ytick.color": INK, "ytick.left": False,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Record:
    """What plots look at."""

    contract: Contract
    content: Mapping[str, Any]
    """The bundle's evaluation."""
    threshold: float | None

    @property
    def metric(self) -> str:
        """The deciding metric's key."""
        return task_of(self.contract).main

    @property
    def title(self) -> str:
        """The deciding metric's title."""
        return METRICS[self.metric].title

    @property
    def event(self) -> str:
        """The positive outcome."""
        return (
            f"{short(self.contract.target)} = {short(canonical_category(self.contract.positive))}"
        )

    @property
    def target(self) -> str:
        """The target with its unit."""
        unit = self.contract.columns[self.contract.target].unit
        return short(self.contract.target) + (f" ({short(unit)})" if unit else "")


def draw(record: Record) -> Iterator[tuple[str, str, str]]:
    """Name, title and SVG of every plot that the record has figures for."""
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        for name, plot in PLOTS.items():
            if record.content.get(name):
                figure = Figure(figsize=(WIDTH, 3.0))
                title = plot(record, record.content[name], figure)
                yield name, title, _svg(figure, name, title)


def roc(record: Record, curve: Sequence[float], figure: Figure) -> str:
    """How rows are ranked."""
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], **DASHED)
    axes.plot(POINTS, curve, color=BLUE)
    axes.set(xlabel="share of the other rows called positive by mistake", ylim=(0, 1.02))
    axes.set_title(f"share of {record.event} found; dashed: by chance")
    auc = record.content["metrics"][MODEL]["auc"]["value"]
    return f"Ranks a row with {record.event} above another {percent(auc)} of the time"


def precision_recall(record: Record, curve: Sequence[float], figure: Figure) -> str:
    """How many of those called positive are."""
    axes, counts = figure.subplots(), record.content["confusion"]["counts"]
    chance = sum(counts[1]) / sum(map(sum, counts))
    axes.axhline(chance, **DASHED)
    axes.plot(POINTS[1:], curve, color=BLUE)
    axes.set(xlabel=f"share of {record.event} found (recall)", ylim=(0, 1.02))
    axes.set_title("share of calls that are right (precision); dashed: by chance")
    half = percent(curve[len(curve) // 2 - 1])
    return f"Where half of {record.event} is found, {half} of the calls are right"


def calibration(record: Record, bins: Sequence[Mapping[str, float]], figure: Figure) -> str:
    """Whether what is predicted comes, on average."""
    axes = figure.subplots()
    x, y = ([one[key] for one in bins] for key in ("predicted", "observed"))
    axes.plot([min(x), max(x)], [min(x), max(x)], **DASHED)
    axes.plot(x, y, "o-", color=BLUE, markersize=4)
    rows = sum(one["rows"] for one in bins)
    off = sum(one["rows"] * abs(one["predicted"] - one["observed"]) for one in bins) / rows
    if record.contract.task == "regression":
        axes.set(xlabel=f"predicted {record.target}", title=f"mean {record.target} observed")
        return f"Predictions differ from the observed mean by {figures(off, 2)} on average"
    axes.set(xlabel="predicted probability", title="share of rows where it is true")
    return f"Probabilities are off by {figures(100 * off, 2)} percentage points on average"


def confusion(record: Record, content: Mapping[str, Any], figure: Figure) -> str:
    """What rows are, and what is decided."""
    counts, names = content["counts"], [short(name) for name in content["labels"]]
    n, axes, totals = len(names), figure.subplots(), [max(sum(row), 1) for row in counts]
    figure.set_figheight(min(2.2 + 0.3 * n, 5.5))
    shares = [[cell / total for cell in row] for row, total in zip(counts, totals, strict=True)]
    axes.pcolormesh(shares, cmap="Blues", vmin=0, vmax=1)
    axes.invert_yaxis()
    axes.grid(visible=False)
    centres = [k + 0.5 for k in range(n)]
    axes.set_xticks(centres, names, rotation=0 if sum(map(len, names)) <= 28 else 90)
    axes.set_yticks(centres, names)
    target = short(record.contract.target)
    axes.set(xlabel=f"decided {target}", title=f"actual {target}; shares of each line")
    for y, row in enumerate(shares):
        for x, share in enumerate(row):
            colour = "white" if share > 0.6 else "#1f2933"
            text = f"{percent(share)}\n{counts[y][x]:,}" if n <= 6 else percent(share)
            axes.text(x + 0.5, y + 0.5, text, ha="center", va="center", color=colour)
    if n > 2:
        right = sum(counts[k][k] for k in range(n)) / sum(map(sum, counts))
        return f"{percent(right)} of the decisions are right"
    called = max(counts[0][1] + counts[1][1], 1)
    return (
        f"Finds {percent(shares[1][1])} of {record.event}; {percent(counts[1][1] / called)} of its"
        f" calls are right (threshold {figures(record.threshold)})"
    )


def scores(record: Record, content: Mapping[str, Any], figure: Figure) -> str:
    """What is answered, by what came."""
    axes, edges = figure.subplots(), content["edges"]
    for (name, shares), colour in zip(content["shares"].items(), (BLUE, ORANGE), strict=True):
        axes.stairs(shares, edges, fill=True, color=colour, alpha=0.45, label=short(name))
    axes.legend(frameon=False)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_title("share of each group's rows")
    first, second = (figures(value) for value in content["medians"].values())
    if record.contract.task == "regression":
        axes.set_xlabel(record.target)
        return f"Half of the predictions are below {second}, half of the values below {first}"
    if record.contract.task == "multiclass":
        axes.set_xlabel("probability of the label that was decided")
        return f"Right decisions have a middle probability of {first}, wrong ones of {second}"
    axes.set_xlabel(f"predicted probability of {record.event}")
    if record.threshold is not None and edges[0] <= record.threshold <= edges[-1]:
        axes.axvline(record.threshold, **DASHED)
    return f"Half of {record.event} get {first} or more; half of the others {second} or less"


def errors(record: Record, content: Mapping[str, Any], figure: Figure) -> str:
    """Where along the prediction it is off."""
    axes, (x, y) = figure.subplots(), zip(*content["points"], strict=True)
    axes.plot([min(x), max(x)], [min(x), max(x)], **DASHED)
    axes.plot(x, y, ".", color=BLUE, alpha=0.4, markersize=3, markeredgewidth=0)
    axes.set(xlabel=f"predicted {record.target}", title=f"observed {record.target}")
    return f"Half of the predictions are within {figures(content['half_within'])} of the truth"


def slices(record: Record, content: Sequence[Mapping[str, Any]], figure: Figure) -> str:
    """Where it is better and worse."""
    rows = [(f"{one['column']} {one['value']}", one["metrics"][record.metric]) for one in content]
    rows = [row for row in rows if row[1]["value"] is not None]
    sign = METRICS[record.metric].sign
    rows = sorted(rows, key=lambda row: sign * row[1]["value"])[:MOST_ROWS]
    overall = record.content["metrics"][MODEL][record.metric]["value"]
    _intervals(figure, rows, overall, f"{record.title} (dashed: all rows)")
    near = "high" if sign > 0 else "low"
    worse = [
        name for name, one in rows if one[near] is not None and sign * (one[near] - overall) < 0
    ]
    if worse:
        return f"{record.title} is clearly worse for {short(worse[0])} than for all rows"
    return f"No part is clearly worse than all rows ({record.title} {figures(overall)})"


def importance(record: Record, content: Mapping[str, Any], figure: Figure) -> str:
    """What the model goes by."""
    rows = list(content.items())[:MOST_ROWS]
    _intervals(figure, rows, 0.0, f"{record.title} lost when the column is shuffled")
    name, first = rows[0]
    if (first["low"] or 0) <= 0:
        return "No single column clearly matters"
    return f"{short(name)} matters most: shuffling it costs {figures(first['value'], 2)} {record.title}"


def learning(_: Record, content: Mapping[str, Any], figure: Figure) -> str:
    """How quality rose while it learned."""
    losses = [name for name in content["curves"] if "loss" in name]
    panels = [
        names for names in (losses, [n for n in content["curves"] if n not in losses]) if names
    ]
    for axes, names in zip(figure.subplots(len(panels), squeeze=False)[:, 0], panels, strict=True):
        for name, colour in zip(names, (BLUE, ORANGE, GREY), strict=False):
            points = [point for point in content["curves"][name] if point[1] is not None]
            axes.plot(*zip(*points, strict=True), color=colour, label=name.replace("_", " "))
        axes.axvline(content["best"], **DASHED)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(frameon=False)
        axes.set_xlabel(content["by"])
    return f"Validation was best at {content['by']} {content['best']}, which is the model"


PLOTS: Mapping[str, Callable[[Record, Any, Figure], str]] = {
    plot.__name__: plot
    for plot in (
        roc,
        precision_recall,
        calibration,
        confusion,
        scores,
        errors,
        slices,
        importance,
        learning,
    )
}


def _intervals(
    figure: Figure, rows: Sequence[tuple[str, Mapping[str, Any]]], beside: float, unit: str
) -> None:
    """A dot with its interval for each row, from the top."""
    figure.set_figheight(1.1 + 0.23 * max(len(rows), 3))
    axes: Axes = figure.subplots()
    axes.axvline(beside, **DASHED)
    for y, (_, one) in enumerate(rows):
        if one["low"] is not None:
            axes.plot([one["low"], one["high"]], [y, y], color=BLUE, alpha=0.45, linewidth=4)
        axes.plot([one["value"]], [y], "o", color=BLUE, markersize=6)
    axes.set_yticks(range(len(rows)), [f"{short(n)}  {figures(one['value'])}" for n, one in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(unit)


def _svg(figure: Figure, name: str, title: str) -> str:
    """Ids begin with the plot's name, as a page holds several."""
    figure.suptitle(
        textwrap.fill(title, LETTERS), x=0.01, ha="left", fontsize=10, fontweight="bold"
    )
    file = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name}):
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(file, format="svg", metadata=nothing)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", file.getvalue())
    return svg.replace(INK, "currentColor")
