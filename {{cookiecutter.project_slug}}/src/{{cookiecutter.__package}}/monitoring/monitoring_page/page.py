"""The monitoring page: drawn from the history and the versions, at any time."""

from datetime import UTC, datetime
from pathlib import Path

from ...config import Config
from ...models.versions import Versions
from ...pages import render
from ...storage import write_file
from ..windows import Window
from .kept import Kept, read
from .shapes import store
from .view import View

PAGE = "monitoring.html"
TEMPLATE = Path(__file__).with_name(PAGE)
BADGES = {"alert": "▲ Alert", "calm": "✓ Calm", "unjudged": "– Not judged yet"}


def write(config: Config, name: str, newest: Window | None = None) -> Path | None:
    """Draw ``reports/<model>/monitoring.html``; none where nothing was judged."""
    folder = config.monitor.reports / name
    if newest is not None:
        store(newest, folder)
    kept = read(config.monitor.history, Versions(config.train.bundles, name), folder)
    if kept is None:
        return None
    reports = {
        version.number: f"version-{version.number}/report.html"
        for version in kept.versions
        if (folder / f"version-{version.number}" / "report.html").exists()
    }
    drift = sorted(path.name for path in folder.glob("drift-*.html"))
    page = folder / PAGE
    write_file(page, show(kept, reports=reports, drift=drift[-1] if drift else None).encode())
    return page


def show(kept: Kept, *, reports: dict[int, str] | None = None, drift: str | None = None) -> str:
    """The page; ``reports`` and ``drift`` are pages beside it. What data hold is text in it."""
    view = View(kept)
    return render(
        TEMPLATE,
        title=f"{kept.contract.name}: monitoring",
        name=kept.contract.name,
        view=view,
        kept=kept,
        badge=BADGES[view.state],
        reports=reports or {},
        drift=drift,
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
    )
