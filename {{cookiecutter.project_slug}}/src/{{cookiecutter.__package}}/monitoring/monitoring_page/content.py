"""What the page shows: the history, alerts and versions, and distributions of the newest window."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

from pydantic import TypeAdapter

from ...contract import Contract
from ...models.profile import SCORE, TOP_CATEGORIES, ColumnProfile, read_profiles
from ...models.versions import Move, Version, Versions
from ...pages import figures
from ...storage import write_file
from ..alerts.sinks import Alert
from ..alerts.update import read_alerts
from ..history import JudgedWindow, connected, read_windows
from ..windows import Array, Columns, Window

MOST_WINDOWS, MOST_RESOLVED, MOST_BINS, MOST_ROWS = 52, 20, 12, 50_000
FILE = "distributions.json"


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """A column in a window, and in training."""

    column: str
    bins: Sequence[tuple[str, float, float]]
    """A label, the share of training's rows, and the share of the window's."""


DISTRIBUTIONS = TypeAdapter(list[Distribution])


@dataclass(frozen=True, kw_only=True)
class Content:
    """The newest windows of one length, and what became of the model."""

    contract: Contract
    windows: Sequence[JudgedWindow]
    """In the order of time; those of several versions may lie in the same days."""
    n_windows: int
    distributions: Sequence[Distribution]
    open: Sequence[Alert]
    resolved: Sequence[Alert]
    versions: Sequence[Version]
    moves: Sequence[Move]
    """What served; newest first, as alerts and versions are."""

    @property
    def newest(self) -> JudgedWindow | None:
        """The window that was judged last."""
        return next((window for window in reversed(self.windows) if window.findings), None)

    @property
    def names(self) -> list[str]:
        """Of the windows, each once."""
        return list(dict.fromkeys(window.name for window in self.windows))


def read_content(history: Path, versions: Versions, folder: Path) -> Content | None:
    """All that the page shows of a model; none where no window was stored."""
    stored = read_windows(history, versions.name) if history.exists() else []
    if not stored:
        return None
    windows = [window for window in stored if window.length == stored[-1].length]
    oldest = sorted({(window.first, window.name) for window in windows})[-MOST_WINDOWS:][0]
    with connected(history) as connection:
        alerts = read_alerts(connection, versions.name)
    bundle = versions.folder / versions.get(stored[-1].version).bundle
    path = folder / FILE
    return Content(
        contract=Contract.model_validate_json((bundle / "contract.json").read_bytes()),
        windows=[window for window in windows if (window.first, window.name) >= oldest],
        n_windows=len({window.name for window in windows}),
        distributions=DISTRIBUTIONS.validate_json(path.read_bytes()) if path.exists() else [],
        open=[alert for alert in alerts if alert.resolved is None],
        resolved=[alert for alert in alerts if alert.resolved][:MOST_RESOLVED],
        versions=versions.all()[::-1],
        moves=versions.history()[::-1],
    )


def store_distributions(window: Window, folder: Path) -> None:
    """Write how columns and predictions of the newest judged window are distributed, by a sample."""
    rows = window.rows.sample(MOST_ROWS)
    profiles = read_profiles(window.bundle.profile)
    columns = Columns(rows, [profile.name for profile in profiles if profile.name != SCORE])
    predicted = window.bundle.task.watched(rows.outputs)
    distributions = [
        distribution_of(profile, predicted if profile.name == SCORE else columns[profile.name])
        for profile in profiles
    ]
    write_file(folder / FILE, DISTRIBUTIONS.dump_json(distributions))


def distribution_of(profile: ColumnProfile, column: Array) -> Distribution:
    """Shares of the profile's bins; of many values, those that are least frequent are one bin."""
    labels = [*profile.values[:TOP_CATEGORIES], "all others", "missing"]
    if profile.kind == "numeric":
        ends = [figures(end) for end in profile.edges]
        between = [f"{low} to {high}" for low, high in pairwise(ends)]
        labels = [f"up to {ends[0]}", *between, f"above {ends[-1]}"] if ends else ["any number"]
        labels.append("missing")
    shares = (profile.count(column) / len(column)).tolist()
    bins = list(zip(labels, profile.shares, shares, strict=True))
    bins = [one for one in bins if max(one[1:]) > 0]
    if len(bins) > MOST_BINS:
        bins.sort(key=lambda one: max(one[1:]), reverse=True)
        rest = bins[MOST_BINS - 1 :]
        total = (sum(one[1] for one in rest), sum(one[2] for one in rest))
        bins = [*bins[: MOST_BINS - 1], (f"{len(rest)} others", *total)]
    return Distribution(column=profile.name, bins=bins)


def window_name(name: str) -> str:
    """The day that a window begins on, such as ``4 Nov 2024``; or its first row."""
    if name.startswith("row-"):
        return f"row {int(name.removeprefix('row-')):,}"
    return f"{date.fromisoformat(name):%-d %b %Y}"
