"""What the answers look like beside what came true."""

from typing import Any

from matplotlib.colors import LinearSegmentedColormap

from ....pages import figures, percent, short
from ...evaluate import MODEL
from .canvas import BASELINE, BLUE, GREY, INK, ORANGE, Plot, band, finish, histogram, say_at, sheet
from .seen import Seen

MOST_CELLS = 12
SHARES = LinearSegmentedColormap.from_list("shares", ["#F5F7FA", "#004F80"])


def roc(seen: Seen) -> Plot | None:
    """How rows are ranked."""
    curve = seen.record.get("roc")
    if not curve:
        return None
    figure, (axes,) = sheet()
    axes.plot([0, 1], [0, 1], **BASELINE)
    say_at(axes, 0.62, 0.53, "by chance")
    band(axes, curve)
    axes.set(
        xlim=(0, 1), ylim=(0, 1.02), xlabel="share of the other rows called positive by mistake"
    )
    axes.set_title(f"share of {seen.event} found")
    found = seen.record["metrics"][MODEL]["auc"]["value"]
    title = f"Ranks a row with {seen.event} above another {percent(found)} of the time"
    note = (
        "Receiver operating characteristic: every threshold is a point. Nearer to the upper left is"
        " better; the dashed line is guessing."
    )
    return finish(figure, "roc", title, note)


def precision_recall(seen: Seen) -> Plot | None:
    """How many of those called positive are."""
    curve = seen.record.get("precision_recall")
    if not curve:
        return None
    figure, (axes,) = sheet()
    counts = seen.record["confusion"]["counts"]
    base = sum(counts[1]) / sum(map(sum, counts))
    axes.axhline(base, **BASELINE)
    say_at(
        axes, 1, base, "by chance", va="top", ha="right", xytext=(0, -4), textcoords="offset points"
    )
    band(axes, curve)
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel=f"share of {seen.event} found (recall)")
    axes.set_title("share of calls that are right (precision)")
    points = [
        (abs(x - 0.5), y) for x, y in zip(curve["x"], curve["y"], strict=True) if y is not None
    ]
    title = (
        f"Where half of {seen.event} is found, {percent(min(points)[1])} of the calls are right"
        f" ({percent(base)} by chance)"
    )
    return finish(
        figure, "precision-recall", title, "Calling more rows finds more, and errs more often."
    )


def calibration(seen: Seen) -> Plot:
    """Whether what is predicted comes, on average."""
    bins = seen.record["calibration"]
    x, y = [one["predicted"] for one in bins], [one["observed"]["value"] for one in bins]
    low, high = ([one["observed"][end] for one in bins] for end in ("low", "high"))
    figure, (axes,) = sheet()
    ends = [min(x), max(x)]
    axes.plot(ends, ends, **BASELINE)
    band(axes, {"x": x, "y": y, "low": low, "high": high})
    axes.plot(x, y, "o", color=BLUE, markersize=4)
    gaps = [one["rows"] * abs(p - o) for one, p, o in zip(bins, x, y, strict=True)]
    off = sum(gaps) / seen.record["rows"]
    if seen.contract.task == "regression":
        axes.set_xlabel(f"predicted {seen.target}")
        axes.set_title(f"mean {seen.target} observed")
        title = f"What is predicted comes on average, but for {figures(off, 2)}{seen.unit}"
    else:
        axes.set_xlabel("predicted probability")
        axes.set_title("share that came true")
        title = f"Probabilities are off by {figures(100 * off, 2)} percentage points on average"
    note = (
        "Rows are grouped by what was predicted; on the dashed line that is what came. Above it the"
        " model promises too little, below it too much."
    )
    return finish(figure, "calibration", title, note)


def confusion(seen: Seen) -> Plot | None:
    """What rows are, and what is decided."""
    found = seen.record.get("confusion")
    if not found:
        return None
    counts, names = found["counts"], [short(name) for name in found["labels"]]
    n, totals = len(names), [max(sum(row), 1) for row in counts]
    shares = [[cell / total for cell in row] for row, total in zip(counts, totals, strict=True)]
    figure, (axes,) = sheet(min(2.2 + 0.25 * n, 5.5))
    axes.pcolormesh(shares, cmap=SHARES, vmin=0, vmax=1, edgecolors="white", linewidth=2)
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    axes.set_ylim(n, 0)
    centres = [k + 0.5 for k in range(n)]
    axes.set_xticks(centres, names, rotation=0 if sum(map(len, names)) <= 28 else 90)
    axes.set_yticks(centres, names)
    axes.tick_params(length=0)
    axes.set(xlabel=f"decided {short(seen.contract.target)}")
    axes.set_title(f"actual {short(seen.contract.target)}")
    for y, row in enumerate(counts if n <= MOST_CELLS else []):
        for x, cell in enumerate(row):
            dark = shares[y][x] > 0.62
            text = f"{percent(shares[y][x])}\n{cell:,}" if n <= 6 else percent(shares[y][x])
            axes.text(
                x + 0.5, y + 0.5, text, ha="center", va="center", color="white" if dark else INK
            )
    right = sum(counts[k][k] for k in range(n)) / max(sum(map(sum, counts)), 1)
    title = f"{percent(right)} of the decisions are right"
    if n == 2:
        hits, called = counts[1][1], counts[0][1] + counts[1][1]
        title = f"Finds {percent(hits / totals[1])} of {seen.event}; " + (
            f"{percent(hits / called)} of its calls are right" if called else "it calls none"
        )
        title += "" if seen.threshold is None else f" (threshold {figures(seen.threshold)})"
    note = "Each line is what rows are; its shares are what was decided for them."
    return finish(figure, "confusion", title, note)


def scores(seen: Seen) -> Plot:
    """What is answered, by what came true."""
    found = seen.record["scores"]
    edges, groups = found["edges"], found["counts"]
    figure, (axes,) = sheet(2.8)
    tops: list[float] = []
    for (name, counts), colour in zip(groups.items(), (BLUE, ORANGE), strict=True):
        place: Any = {"ha": "right", "va": "top", "transform": axes.transAxes, "fontweight": "bold"}
        axes.text(0.99, 0.98 - 0.09 * len(tops), short(name), color=colour, fontsize=9, **place)
        tops.append(histogram(axes, edges, counts, colour))
    axes.set_ylim(0, max(tops) * 1.22 or 1)
    a, b = (figures(value) for value in found["medians"].values())
    if seen.contract.task == "regression":
        axes.set_xlabel(seen.target)
        title = f"Half of the predictions lie below {b}{seen.unit}, half of the values below {a}"
    elif seen.contract.task == "binary":
        axes.set_xlabel(f"predicted probability of {seen.event}")
        title = (
            f"Half of the rows with {seen.event} get {a} or more; half of the others {b} or less"
        )
        if seen.threshold is not None and edges[0] <= seen.threshold <= edges[-1]:
            axes.axvline(seen.threshold, color=INK, linewidth=1)
            axes.annotate(f" threshold {figures(seen.threshold)}", (seen.threshold, 0.99),
                          xycoords=("data", "axes fraction"), va="top", fontsize=8)  # fmt: skip
    else:
        axes.set_xlabel("probability of the label that was decided")
        title = f"Right decisions have a middle probability of {a}, wrong ones of {b}"
    axes.set_title("share of each group's rows")
    note = "The less the two shapes overlap, the better the model tells the groups apart."
    if seen.contract.task == "regression":
        note = "Predictions keep nearer to the middle than values, the more so the less is known."
    return finish(figure, "scores", title, note)


def residuals(seen: Seen) -> Plot | None:
    """How far off predictions are."""
    found = seen.record.get("residuals")
    if not found:
        return None
    figure, (axes,) = sheet(2.8)
    top = histogram(axes, found["edges"], found["counts"], BLUE)
    axes.axvline(0, **BASELINE)
    axes.set_ylim(0, top * 1.1 or 1)
    axes.set_xlabel(f"observed − predicted {seen.target}")
    axes.set_title("share of rows")
    title = f"Half of the predictions are within {figures(found['half_within'])}{seen.unit} of the truth"
    note = "Right of zero the model answered too little, left of it too much."
    return finish(figure, "residuals", title, note)


def errors(seen: Seen) -> Plot | None:
    """Where along the prediction it is off."""
    found = seen.record.get("residuals")
    if not found:
        return None
    figure, (axes,) = sheet()
    x, low, middle, high = zip(*found["along"], strict=True)
    points = zip(*found["points"], strict=True)
    axes.plot(*points, ".", color=GREY, alpha=0.35, markersize=3, markeredgewidth=0)
    band(axes, {"x": x, "y": middle, "low": low, "high": high})
    axes.axhline(0, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    axes.set_xlabel(f"predicted {seen.target}")
    axes.set_title("observed − predicted")
    ends = found["quantiles"]
    title = f"Eight of ten errors lie between {figures(ends['10'])} and {figures(ends['90'])}{seen.unit}"
    note = "The line is the middle error of rows with such predictions, the band eight of ten."
    return finish(figure, "errors", title, note)
