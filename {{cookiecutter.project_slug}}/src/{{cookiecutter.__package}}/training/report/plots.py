"""The plots of a report: from the bundle's record, each with a sentence on what is seen.

Text takes the colour of the page around it, so that plots can be read on dark pages too. Drawn the
same to the byte each time.
"""

import io
import re
import textwrap
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from ...contract import Contract
from ...models.metrics import METRICS
from ...models.tasks import task_of
from ...pages import figures, percent, short
from ...values import canonical_category
from ..evaluate import MODEL
from .figures import POINTS

BLUE, GREY, INK = "#0072b2", "#7a828c", "#010203"
LETTERS, MOST_ROWS = 42, 20
Record = Mapping[str, Any]
"""The bundle's evaluation."""
DASHED: Any = {"color": GREY, "linewidth": 1.2, "linestyle": "--"}
STYLE: Any = {
    **dict.fromkeys(("axes.labelcolor", "text.color", "xtick.color", "ytick.color"), INK),
    "axes.edgecolor": GREY,
    "axes.grid": True,
    "axes.titlesize": "medium",
    "figure.constrained_layout.use": True,
    "font.size": 8.5,
    "grid.alpha": 0.3,
    "savefig.transparent": True,
    "svg.fonttype": "none",
    "text.parse_math": False,  # a dollar sign in a name is one
}


def draw(contract: Contract, record: Record) -> Iterator[tuple[str, str, str]]:
    """Name, title and SVG of every plot that the bundle's evaluation has figures for."""
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        for name, plot in PLOTS.items():
            if record.get(name):
                figure = Figure(figsize=(4.0, 3.0))
                title = plot(contract, record, figure)
                yield name, title, _svg(figure, name, title)


def roc(contract: Contract, record: Record, figure: Figure) -> str:
    """How rows are ranked."""
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], **DASHED)
    axes.plot(POINTS, record["roc"], color=BLUE)
    axes.set(xlabel="share of the other rows called positive by mistake", ylim=(0, 1.02))
    axes.set_title(f"share of {_event(contract)} found; dashed: by chance")
    auc = record["metrics"][MODEL]["auc"]["value"]
    return f"Ranks a row with {_event(contract)} above another {percent(auc)} of the time"


def errors(contract: Contract, record: Record, figure: Figure) -> str:
    """Where along the prediction it is off."""
    axes, (x, y) = figure.subplots(), zip(*record["errors"], strict=True)
    axes.plot([min(x), max(x)], [min(x), max(x)], **DASHED)
    axes.plot(x, y, ".", color=BLUE, alpha=0.4, markersize=3)
    axes.set(xlabel=f"predicted {_target(contract)}", title=f"observed {_target(contract)}")
    return f"Off by {figures(record['metrics'][MODEL]['mae']['value'])} on average"


def calibration(contract: Contract, record: Record, figure: Figure) -> str:
    """Whether what is predicted comes, on average."""
    axes = figure.subplots()
    x, y = zip(*record["calibration"], strict=True)
    axes.plot([min(x), max(x)], [min(x), max(x)], **DASHED)
    axes.plot(x, y, "o-", color=BLUE, markersize=4)
    if contract.task == "regression":
        axes.set(
            xlabel=f"predicted {_target(contract)}", title=f"mean {_target(contract)} observed"
        )
        return "What comes on average, by what is predicted"
    axes.set(xlabel="predicted probability", title="share of rows where it is true")
    off = figures(100 * record["metrics"][MODEL]["ece"]["value"], 2)
    return f"Probabilities are off by {off} percentage points on average"


def importance(contract: Contract, record: Record, figure: Figure) -> str:
    """What the model goes by: a bar for each feature, from the top."""
    title = METRICS[task_of(contract).main].title
    names, losses = zip(*list(record["importance"].items())[:MOST_ROWS], strict=True)
    figure.set_figheight(1.1 + 0.23 * max(len(names), 3))
    axes = figure.subplots()
    known = [0.0 if loss is None else loss for loss in losses]
    axes.barh(range(len(names)), known, color=BLUE)
    labels = zip(names, losses, strict=True)
    axes.set_yticks(range(len(names)), [f"{short(n)}  {figures(loss)}" for n, loss in labels])
    axes.invert_yaxis()
    axes.set_xlabel(f"{title} lost when the column is shuffled")
    if known[0] <= 0:
        return "No single column matters"
    return f"{short(names[0])} matters most: shuffling it costs {figures(known[0], 2)} {title}"


PLOTS: Mapping[str, Callable[[Contract, Record, Figure], str]] = {
    plot.__name__: plot for plot in (roc, errors, calibration, importance)
}


def _event(contract: Contract) -> str:
    """The positive outcome."""
    return f"{short(contract.target)} = {short(canonical_category(contract.positive))}"


def _target(contract: Contract) -> str:
    """The target with its unit."""
    unit = contract.columns[contract.target].unit
    return short(contract.target) + (f" ({short(unit)})" if unit else "")


def _svg(figure: Figure, name: str, title: str) -> str:
    """Ids begin with the plot's name, as a page holds several."""
    figure.suptitle(textwrap.fill(title, LETTERS), x=0.01, ha="left", fontweight="bold")
    file = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name}):
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(file, format="svg", metadata=nothing)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", file.getvalue())
    return svg.replace(INK, "currentColor")
