"""How a column's values lay in a window, beside training: what the page draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..models.effects import Counts
from ..models.profile import ColumnProfile


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


def shapes_of(profiles: Sequence[ColumnProfile], counts: Mapping[str, Counts]) -> list[Shape]:
    """One for each profiled column of which the window has rows."""
    return [
        Shape(
            column=profile.name,
            edges=profile.edges,
            values=tuple(profile.labels[:-2]) if profile.kind == "category" else (),
            training=_rounded(profile.shares),
            window=_rounded(counts[profile.name] / counts[profile.name].sum()),
        )
        for profile in profiles
        if counts[profile.name].sum() > 0
    ]


def _rounded(shares: Sequence[float] | Counts) -> tuple[float, ...]:
    return tuple(round(float(share), 5) for share in shares)
