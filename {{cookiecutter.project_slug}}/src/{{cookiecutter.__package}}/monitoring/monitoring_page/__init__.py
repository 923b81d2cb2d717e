"""Option ``monitoring_page``: one HTML page of what the history and the versions hold."""

from datetime import UTC, datetime
from pathlib import Path

from ...config import Config
from ...models.versions import Versions
from ...pages import render
from ...storage import write_file
from . import view
from .content import read_content, window_name

PAGE = "monitoring.html"


def write(config: Config, name: str) -> Path | None:
    """Draw ``reports/<model>/monitoring.html``; none where nothing was judged."""
    folder = config.monitor.reports / name
    content = read_content(config.monitor.history, Versions(config.train.bundles, name))
    if content is None:
        return None
    state, lead = view.state(content)
    reports = {one.number: f"version-{one.number}/report.html" for one in content.versions}
    page = render(
        Path(__file__).with_name(PAGE),
        title=f"{name}: monitoring",
        name=name,
        content=content,
        state=state,
        lead=lead,
        view=view,
        window_name=window_name,
        reports={n: path for n, path in reports.items() if (folder / path).exists()},
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
    )
    write_file(folder / PAGE, page.encode())
    return folder / PAGE
