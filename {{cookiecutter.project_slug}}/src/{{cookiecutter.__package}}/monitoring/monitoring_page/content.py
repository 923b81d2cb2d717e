"""What the page shows: the newest windows of the history, alerts and versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ...contract import Contract
from ...models.versions import Move, Version, Versions
from ..alerts import Alert, read_alerts
from ..history import JudgedWindow, read_windows

MOST_WINDOWS, MOST_RESOLVED = 52, 20


@dataclass(frozen=True, kw_only=True)
class Content:
    """The newest windows of one length, and what became of the model."""

    contract: Contract
    windows: Sequence[JudgedWindow]
    """In the order of time; those of several versions may lie in the same days."""
    n_windows: int
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


def read_content(history: Path, versions: Versions) -> Content | None:
    """All that the page shows of a model; none where no window was stored."""
    stored = read_windows(history, versions.name)
    if not stored:
        return None
    windows = [window for window in stored if window.days == stored[-1].days]
    names = sorted({window.name for window in windows})
    alerts = read_alerts(history, versions.name)
    alerts.sort(key=lambda alert: alert.resolved or alert.opened, reverse=True)
    bundle = versions.folder / versions.get(stored[-1].version).bundle
    return Content(
        contract=Contract.model_validate_json((bundle / "contract.json").read_bytes()),
        windows=[window for window in windows if window.name in names[-MOST_WINDOWS:]],
        n_windows=len(names),
        open=[alert for alert in alerts if alert.resolved is None],
        resolved=[alert for alert in alerts if alert.resolved][:MOST_RESOLVED],
        versions=versions.all()[::-1],
        moves=versions.history()[::-1],
    )


def window_name(name: str) -> str:
    """The day that a window begins on, such as ``4 Nov 2024``."""
    return f"{date.fromisoformat(name):%-d %b %Y}"
