"""Settings of ``monitor.yaml``, each with its meaning, unit and default."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from .section import Positive, Section

Severity = Literal["info", "warning", "critical"]
AtLeastZero = Annotated[float, Field(ge=0)]


class CheckConfig(Section):
    """What every kind of finding has: whether it is judged, and when it becomes an alert."""

    enabled: bool = True
    """Whether it is checked at all."""
    persistence: tuple[Positive, Positive] = (2, 3)
    """(k, m): alert when k of the last m windows are outside, and the newest is one of them; a sudden
    change alerts at once."""
    severity: Severity = "warning"
    """How much it matters."""
    threshold: AtLeastZero = 0.0
    """Least difference that matters, in the unit of the kind."""

    @model_validator(mode="after")
    def _k_of_m(self) -> Self:
        if self.persistence[0] > self.persistence[1]:
            raise ValueError("persistence is (k, m) with k at most m")
        return self


class MonitorConfig(Section):
    """``monitor.yaml``: drift and quality of what was served."""

    log: Path = Path("data/live")
    """Where the server appended predictions and labels."""
    history: Path = Path("data/monitoring")
    """The folder of every judged window and every alert."""
    reports: Path = Path("reports")
    """Where reports and summaries are written."""
    window_days: Positive = 7
    """Local days in a window, by the contract's time, else by the time of the answer. A version keeps
    the windows of its training."""
    min_rows: Positive = 50
    """Fewest rows with which a window is checked."""
    label_delay_days: AtLeastZero = 1.0
    """Days after which labels should have arrived."""
    data_drift: CheckConfig = CheckConfig(threshold=0.1)
    """Columns of requests; threshold in standard deviations of a number, or as a share of rows."""
    prediction_drift: CheckConfig = CheckConfig(threshold=0.1)
    """Predicted probabilities, classes or values; threshold as of columns."""
    quality: CheckConfig = CheckConfig(threshold=0.05, severity="critical")
    """Metrics on delayed labels; threshold as the drop of AUC (R² of a regression)."""
    calibration: CheckConfig = CheckConfig(threshold=0.05)
    """Predictions too high or too low; threshold in their unit, of a regression in RMSE."""
    staleness: CheckConfig = CheckConfig(threshold=180, persistence=(1, 1), severity="info")
    """Days from the last training row to a window's end."""
    parity: CheckConfig = CheckConfig(severity="critical")
    """Logged predictions that differ from those made offline; threshold as a share of them."""

    @field_validator("*", mode="before")
    @classmethod
    def _with_defaults_of_its_kind(cls, given: Any, field: ValidationInfo) -> Any:
        """What a kind's section leaves out is as in the default of that kind."""
        default = cls.model_fields[str(field.field_name)].default
        if isinstance(default, CheckConfig) and isinstance(given, Mapping):
            return {**default.model_dump(), **given}
        return given

    def checks(self) -> dict[str, CheckConfig]:
        """The settings of each kind of finding that has a section here."""
        return {kind: section for kind, section in self if isinstance(section, CheckConfig)}
