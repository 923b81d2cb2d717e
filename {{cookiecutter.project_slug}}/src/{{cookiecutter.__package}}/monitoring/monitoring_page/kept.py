"""All that the page tells, read from the history and from the versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...contract import Contract
from ...models.versions import Move, Version, Versions
from ..alerts.sinks import Alert
from ..alerts.update import read_alerts
from ..history import JudgedWindow, connected, read_windows
from .shapes import Shape, load

MOST_WINDOWS = 52
MOST_RESOLVED = 20


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The windows of one length, the newest of them, and what became of the model."""

    contract: Contract
    windows: Sequence[JudgedWindow]
    """In the order of time; those of several versions may lie in the same days."""
    shapes: Sequence[Shape]
    """Of the newest judged window."""
    alerts: Sequence[Alert]
    """Open ones, then those resolved, each the newest first."""
    versions: Sequence[Version]
    moves: Sequence[Move]
    """What served, newest first."""
    earlier: int
    """Windows that are not shown."""

    @property
    def newest(self) -> JudgedWindow | None:
        """The window that was judged last, of the newest version."""
        return next((w for w in reversed(self.windows) if w.findings), None)


def read(history: Path, versions: Versions, folder: Path) -> Kept | None:
    """What there is to show of a model; none where no window was stored."""
    known = read_windows(history, versions.name) if history.exists() else []
    if not known:
        return None
    version, length = known[-1].version, known[-1].length
    alike = [window for window in known if window.length == length]
    first = sorted({(w.first, w.name) for w in alike})[-MOST_WINDOWS:][0]
    windows = [window for window in alike if (window.first, window.name) >= first]
    bundle = versions.folder / versions.get(version).bundle
    return Kept(
        contract=Contract.model_validate_json((bundle / "contract.json").read_bytes()),
        windows=windows,
        shapes=load(folder),
        alerts=_shown(alerts_of(history, versions.name)),
        versions=versions.all()[::-1],
        moves=versions.history()[::-1],
        earlier=len(alike) - len(windows),
    )


def alerts_of(history: Path, model: str) -> list[Alert]:
    """Every alert of a model: open ones, then those resolved, each the newest first."""
    with connected(history) as connection:
        return read_alerts(connection, model)


def _shown(known: Sequence[Alert]) -> list[Alert]:
    """All that are open, and the newest of the others."""
    open_ = [alert for alert in known if alert.resolved is None]
    return [*open_, *known[len(open_) : len(open_) + MOST_RESOLVED]]
