"""How long ago the model was trained, and how old the newest of what it learned from is."""

from collections.abc import Iterator
from datetime import date, datetime

from ...models.versions import Versions
from ..check import Check, Kind
from ..finding import Finding
from ..seen import Seen


def judge(seen: Seen) -> list[Finding]:
    """Days to the window's end: from the last training row, and from the training itself.

    Both go by the window and not by the clock, so that a window is judged alike whenever it is.
    """
    return list(_ages(seen))


def _ages(seen: Seen) -> Iterator[Finding]:
    span, config = seen.bundle.metadata.get("span"), seen.config.staleness
    if span is not None:
        learned = date.fromisoformat(span["last"])
        yield _age(seen, "training data", learned, config.threshold)
    folder = seen.bundle.path.parent
    version = Versions(folder.parent, folder.name).get(seen.version)
    trained = datetime.fromisoformat(version.created).astimezone(seen.contract.zone).date()
    yield _age(seen, "model", trained, config.model_days)


def _age(seen: Seen, subject: str, since: date, limit: float) -> Finding:
    """Of a replay the training may come later than the window; then nothing is stale."""
    days = max(0.0, float((seen.window.last - since).days))
    return Finding(
        kind="staleness",
        subject=subject,
        measure="days",
        value=days,
        limit=limit,
        rows=len(seen.window.rows),
        breach=days > limit,
    )


CHECK = Check(
    kinds=[
        Kind(
            name="staleness",
            lead="the {subject} is stale",
            title="Age",
            note="Days that the model and its data are old. The line rises until a new version"
            " serves.",
        )
    ],
    judge=judge,
)
