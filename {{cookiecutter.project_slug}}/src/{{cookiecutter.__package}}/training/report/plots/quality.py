"""How good the model is: beside others, in parts, by column, while it learned."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ....pages import figures, percent, short
from ...evaluate import MODEL
from .canvas import BASELINE, BLUE, GREY, Plot, finish, say_at, sheet, tall, whiskers
from .seen import Seen

MOST_ROWS = 20


def models(seen: Seen) -> Plot:
    """The model beside the simplest ones."""
    metric = seen.task.main
    rows = [(name, found[metric]) for name, found in seen.record["metrics"].items()]
    figure, (axes,) = sheet(tall(len(rows)))
    whiskers(axes, rows, unit=seen.main)
    others = ", ".join(f"{name} {figures(found['value'])}" for name, found in rows[1:])
    title = f"{seen.main} is {figures(rows[0][1]['value'])} ({others})"
    note = (
        "A dot is the figure on the test rows, its bar the"
        f" {percent(seen.record['confidence'])} interval. Linear is a straight-line model; dummy"
        " always answers what is usual."
    )
    return finish(figure, "models", title, note)


def race(seen: Seen) -> Plot | None:
    """The kinds of model that were tried."""
    rows = [(one["name"], one["interval"]) for one in seen.record["race"]]
    if len(rows) < 2:
        return None
    figure, (axes,) = sheet(tall(len(rows)))
    whiskers(axes, rows, unit=f"validation {seen.main}")
    title = f"Of {len(rows)} kinds of model, {short(rows[0][0])} was best on validation rows"
    return finish(figure, "race", title, "Each was fitted on the same training rows.")


def slices(seen: Seen) -> Plot | None:
    """Where it is better and worse."""
    found, metric = seen.record["slices"], seen.task.main
    rows = [(f"{one['column']} {one['value']}", one["metrics"][metric]) for one in found]
    rows = sorted(rows, key=lambda row: _known(row[1]["value"]))[:MOST_ROWS]
    if not rows:
        return None
    figure, (axes,) = sheet(tall(len(rows)))
    overall = seen.record["metrics"][MODEL][metric]["value"]
    if overall is not None:
        axes.axvline(overall, **BASELINE)
    whiskers(axes, rows, bold=None, unit=f"{seen.main} (dashed: all rows)")
    clearly = [(name, one) for name, one in rows if _known(one["high"]) < _known(overall)]
    title = f"No part is clearly worse than all rows together ({seen.main} {figures(overall)})"
    if clearly:
        name, worst = clearly[0]
        title = f"{seen.main} is clearly lower for {short(name)} ({figures(worst['value'])};"
        title += f" all rows {figures(overall)})"
    note = f"Parts of the test rows, the worst first{f'; the {MOST_ROWS} worst' if len(found) > MOST_ROWS else ''}."
    return finish(figure, "slices", title, note)


def _known(value: float | None) -> float:
    return float("inf") if value is None else value


def importance(seen: Seen) -> Plot | None:
    """What the model goes by."""
    rows = list(seen.record["importance"].items())[:MOST_ROWS]
    if not rows:
        return None
    figure, (axes,) = sheet(tall(len(rows)))
    axes.axvline(0, **BASELINE)
    whiskers(axes, rows, bold=None, unit=f"{seen.main} lost when the column is shuffled")
    name, first = rows[0]
    title = (
        f"{short(name)} matters most: shuffling it costs {figures(first['value'], 2)} {seen.main}"
    )
    if (first["low"] or 0) <= 0:
        title = "No single column clearly matters"
    note = "Columns that tell the same share what they tell, so each of them may seem to matter little."
    return finish(figure, "importance", title, note)


def learning(seen: Seen) -> Plot | None:
    """How quality rose while it learned."""
    found = seen.record["learning"]
    if not found or max(map(len, found["curves"].values())) < 2:
        return None
    curves = {name.replace("_", " "): points for name, points in found["curves"].items()}
    panels = [[n for n in curves if "loss" in n], [n for n in curves if "loss" not in n]]
    panels = [names for names in panels if names]
    figure, all_axes = sheet(1.2 + 1.4 * len(panels), len(panels))
    for axes, names in zip(all_axes, panels, strict=True):
        _lines(axes, names, curves)
        axes.axvline(found["best"], **BASELINE)
    all_axes[-1].set_xlabel(found["by"])
    last = max(points[-1][0] for points in curves.values())
    title = f"Validation was best at {found['by']} {found['best']} of {last:.0f}, which is kept"
    note = "Training loss that falls while validation loss rises would mean learning by heart."
    return finish(figure, "learning", title, note)


def _lines(axes: Axes, names: Sequence[str], curves: Mapping[str, Any]) -> None:
    known = {name: [point for point in curves[name] if point[1] is not None] for name in names}
    lowest_first = sorted((name for name in names if known[name]), key=lambda n: known[n][-1][1])
    for name in lowest_first:
        colour = GREY if len(names) > 1 and name == names[0] else BLUE
        x, y = zip(*known[name], strict=True)
        axes.plot(x, y, "o-" if len(x) <= 20 else "-", color=colour, markersize=4)
        if len(names) > 1:  # of lines that end close together, one is named below, one above
            side = "top" if name == lowest_first[0] else "bottom"
            place = {"xytext": (6, 0), "textcoords": "offset points", "annotation_clip": False}
            say_at(axes, x[-1], y[-1], name.split()[0], colour, va=side, **place)
    axes.set_title(" ".join(names[0].split()[1:]) if len(names) > 1 else names[0])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
