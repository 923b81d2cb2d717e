"""How values of each column and predictions lie in the newest judged window, beside training."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from ...models.profile import SCORE, ColumnProfile, read_profiles
from ...storage import write_file
from ..windows import Array, Columns, Window

MOST_ROWS = 50_000
FILE = "shapes.json"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Shares of rows in the bins of a column's profile, the missing ones last."""

    column: str
    edges: tuple[float, ...]
    """Between the bins of a number; none of a category."""
    values: tuple[str, ...]
    """The values of a category, then come all others; none of a number."""
    training: tuple[float, ...]
    window: tuple[float, ...]


SHAPES = TypeAdapter(list[Shape])


def store(window: Window, folder: Path) -> None:
    """Write the shapes of a window, by some of many rows, for as long as no newer one is judged."""
    rows = window.rows.sample(MOST_ROWS)
    profiles = read_profiles(window.bundle.profile)
    columns = Columns(rows, [profile.name for profile in profiles if profile.name != SCORE])
    predicted = window.bundle.task.watched(rows.outputs)
    shapes = [
        _shape(profile, predicted if profile.name == SCORE else columns[profile.name])
        for profile in profiles
    ]
    write_file(folder / FILE, SHAPES.dump_json(shapes))


def load(folder: Path) -> list[Shape]:
    """What was stored last; none where nothing was."""
    path = folder / FILE
    return SHAPES.validate_json(path.read_bytes()) if path.exists() else []


def _shape(profile: ColumnProfile, column: Array) -> Shape:
    counts = profile.count(column)
    return Shape(
        column=profile.name,
        edges=tuple(profile.edges),
        values=tuple(profile.labels[:-2]) if profile.kind == "category" else (),
        training=tuple(round(float(share), 5) for share in profile.shares),
        window=tuple(round(float(count / len(column)), 5) for count in counts),
    )
