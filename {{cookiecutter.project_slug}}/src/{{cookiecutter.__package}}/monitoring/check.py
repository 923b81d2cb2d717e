"""What a module of ``checks`` says of itself: how it judges a window, and of each kind of finding its
settings and its words, so that no other module names a kind.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..config import CheckConfig, Config
from ..models.versions import Versions
from .finding import Finding
from .seen import Seen


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of finding."""

    name: str
    """As findings have it; in core also the name of its section in ``monitor.yaml``."""
    lead: str
    """What is wrong, in a few words, with ``{subject}`` in its place."""
    title: str = ""
    """The heading of its drawings; empty where a column's drawings have another place."""
    note: str = ""
    """What a drawing of it shows, and what is ordinary."""
    whole: bool = False
    """Whether it is about all rows, so that its subject need not be named."""
    parts: bool = False
    """Whether its parts are measures of their own, each drawn over time, and not slices."""
    settings: Callable[[Config], CheckConfig] | None = None
    """Reads its settings; none where ``monitor.yaml`` has them."""


def no_others(versions: Versions, version: int) -> set[int]:  # noqa: ARG001 - as other checks take
    """A check that looks at the version that serves alone."""
    return set()


@dataclass(frozen=True, kw_only=True)
class Check:
    """Judges one kind of thing in a window, or a few that are read from the same rows."""

    kinds: Sequence[Kind]
    judge: Callable[[Seen], Sequence[Finding]]
    """Pure, but for files that it reads."""
    others: Callable[[Versions, int], set[int]] = no_others
    """The versions whose rows it compares with those of the version that serves."""
