"""What is known of a study and its trials."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One training of a study."""

    number: int
    drawn: Mapping[str, Any]
    """Settings by dotted name; of trial 0 none, as it takes the settings as they are."""
    score: float | None
    """The deciding metric on held-out rows, of a trial that came to its end."""
    state: str
    """complete, ended early or running."""
    rounds: Mapping[int, float]
    """Score by percent of the training."""
    began: float
    """Seconds since 1970."""
    ended: float


@dataclass(frozen=True, kw_only=True)
class StudyRecord:
    """What came of a study."""

    name: str
    kind: str
    dataset: str
    metric: str
    """What the scores are."""
    trials: Sequence[Trial]
    """Those that have ended, in their order."""

    @property
    def best(self) -> Trial | None:
        """The one with the highest score, whichever came last; the first of equals."""
        complete = [trial for trial in self.trials if trial.score is not None]
        return max(complete, key=lambda trial: (trial.score, -trial.number), default=None)
