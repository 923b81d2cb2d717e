"""Settings of ``monitor.yaml``, each with its meaning, unit and default."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from .section import Positive, Section


class MonitorConfig(Section):
    """``monitor.yaml``: drift and quality of what was served."""

    log: Path = Path("data/live")
    """Where the server appended predictions and labels."""
    reports: Path = Path("reports")
    """Where reports and summaries are written."""
    window_days: Positive = 7
    """Length of a window in days of the contract's time."""
    min_rows: Positive = 300
    """Rows below which a window is not judged."""
    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.01
    """Level of the Benjamini-Hochberg-adjusted test."""
    min_effect: Annotated[float, Field(gt=0)] = 0.1
    """Smallest effect worth an alert, whatever the training span shows."""
    persistence: tuple[Positive, Positive] = (2, 3)
    """(k, m): alert when k of the last m windows breach, the newest among them."""
    max_score_drop: Annotated[float, Field(gt=0)] = 0.05
    """Drop of AUC (R² of a regression) below the test span's at which quality is an alert."""
    label_delay_days: Annotated[float, Field(ge=0)] = 1.0
    """Days after which an outcome is known; replay sends labels that late."""
    sample_rows: Positive = 5_000
    """Most rows of a window drawn in the HTML report."""

    @model_validator(mode="after")
    def _k_of_m(self) -> Self:
        if self.persistence[0] > self.persistence[1]:
            raise ValueError("persistence is (k, m) with k at most m")
        return self
