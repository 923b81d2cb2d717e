"""Settings of ``monitor.yaml``, each with its meaning, unit and default."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .section import Positive, Section

Severity = Literal["info", "warning", "critical"]
Above = Annotated[float, Field(gt=0)]
AtLeastZero = Annotated[float, Field(ge=0)]


class CheckConfig(Section):
    """What every kind of finding has: whether it is judged, and when it becomes an alert."""

    enabled: bool = True
    """Whether it is judged at all."""
    persistence: tuple[Positive, Positive] = (2, 3)
    """(k, m): alert when k of the last m windows breach, the newest among them; sudden changes do
    not wait."""
    severity: Severity = "warning"
    """How much it matters."""

    @model_validator(mode="after")
    def _k_of_m(self) -> Self:
        if self.persistence[0] > self.persistence[1]:
            raise ValueError("persistence is (k, m) with k at most m")
        return self


class DriftConfig(CheckConfig):
    """Columns, or predictions, whose distribution is not that of training."""

    threshold: Above = 0.1
    """Least change that matters: in standard deviations of a number, or as a share of rows."""


class QualityConfig(CheckConfig):
    """Predictions that were worse than on the test rows."""

    severity: Severity = "critical"
    """How much it matters."""
    threshold: Above = 0.05
    """Drop of AUC (R² of a regression) below the test span's."""


class CalibrationConfig(CheckConfig):
    """Predictions that are too high or too low."""

    threshold: Above = 0.05
    """How far outside the test rows' interval; of a regression as a share of their RMSE."""


class StalenessConfig(CheckConfig):
    """A model that learned from rows of long ago."""

    persistence: tuple[Positive, Positive] = (1, 1)
    """Age is no chance."""
    severity: Severity = "info"
    """How much it matters."""
    threshold: Above = 180.0
    """Days from the last training row to a window's end."""


class ParityConfig(CheckConfig):
    """Logged predictions that differ from those made offline."""

    severity: Severity = "critical"
    """How much it matters."""


class MonitorConfig(Section):
    """``monitor.yaml``: drift and quality of what was served."""

    log: Path = Path("data/live")
    """Where the server appended predictions and labels."""
    history: Path = Path("data/monitoring.sqlite")
    """Where every judged window and every alert is kept."""
    reports: Path = Path("reports")
    """Where reports and summaries are written."""
    window_days: Positive = 7
    """Local days in a window, by the contract's time, else by when rows were answered; a training
    measures reference ranges in such windows, and its versions are monitored in them."""
    min_rows: Positive = 50
    """Rows below which a window is not judged."""
    label_delay_days: AtLeastZero = 1.0
    """Days after which a label is known; replay sends labels that late."""
    data_drift: DriftConfig = DriftConfig()
    """Columns of requests."""
    prediction_drift: DriftConfig = DriftConfig()
    """Predicted probabilities, classes or values."""
    quality: QualityConfig = QualityConfig()
    """Metrics on delayed labels."""
    calibration: CalibrationConfig = CalibrationConfig()
    """How far predictions are from labels."""
    staleness: StalenessConfig = StalenessConfig()
    """Age of what the model learned from."""
    parity: ParityConfig = ParityConfig()
    """Logged predictions beside those made offline."""

    def checks(self) -> dict[str, CheckConfig]:
        """The settings of each kind of finding that has a section here."""
        return {kind: section for kind, section in self if isinstance(section, CheckConfig)}
