"""Settings of ``monitor.yaml``, each with its meaning, unit and default."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .section import Positive, Section, Share
from .sinks import FileSink, LogSink, MetricsFileSink, SinkConfig

Severity = Literal["info", "warning", "critical"]
Above = Annotated[float, Field(gt=0)]


class CheckConfig(Section):
    """What every kind of finding has: when it becomes an alert, and whom that tells."""

    enabled: bool = True
    """Whether it is judged at all."""
    persistence: tuple[Positive, Positive] = (2, 3)
    """(k, m): alert when k of the last m windows breach, the newest among them. Gross faults do not
    wait."""
    severity: Severity = "warning"
    """How much it matters."""
    cooldown_hours: Annotated[float, Field(ge=0)] = 24.0
    """Hours after an alert was resolved in which it does not tell again."""
    route: tuple[str, ...] = ("log", "file")
    """Names of the sinks that are told."""

    @model_validator(mode="after")
    def _k_of_m(self) -> Self:
        if self.persistence[0] > self.persistence[1]:
            raise ValueError("persistence is (k, m) with k at most m")
        return self


class DriftConfig(CheckConfig):
    """Columns, or answers, that are distributed otherwise than in training."""

    threshold: Above = 0.1
    """Least change that matters, whatever the training span shows: in standard deviations of a
    number, or as a share of rows."""
    alpha: Share = 0.01
    """Level of the Benjamini-Hochberg-adjusted test."""


class QualityConfig(CheckConfig):
    """Answers that turned out worse than on the test rows."""

    severity: Severity = "critical"
    """How much it matters."""
    threshold: Above = 0.05
    """Drop of AUC (R² of a regression) below the test span's."""
    min_coverage: Share = 0.95
    """Share of labelled rows from which a window is judged before its labels had their time."""


class CalibrationConfig(CheckConfig):
    """Probabilities that promise more, or less, than comes true."""

    threshold: Above = 0.05
    """How much further off than on the test rows; of a regression as a share of their RMSE."""


class StalenessConfig(CheckConfig):
    """Windows long after what the model knows."""

    persistence: tuple[Positive, Positive] = (1, 1)
    """A window that is too late is no chance."""
    severity: Severity = "info"
    """How much it matters."""
    threshold: Above = 180.0
    """Days from the last training row to a window's end."""
    model_days: Above = 365.0
    """Days from the training itself to a window's end."""


class ContractConfig(CheckConfig):
    """Requests that were refused because a column breaks a rule of the contract."""

    threshold: Share = 0.01
    """Share of a window's requests, for one column and rule."""


class LatencyConfig(CheckConfig):
    """How long callers waited."""

    threshold: Above = 100.0
    """Milliseconds in which 95 of 100 requests should be answered."""


class ErrorRateConfig(CheckConfig):
    """Requests that the server failed."""

    severity: Severity = "critical"
    """How much it matters."""
    threshold: Share = 0.01
    """Share of requests answered with 500 or above."""


class ThroughputConfig(CheckConfig):
    """Rows a day, which are shown and not judged."""


class ParityConfig(CheckConfig):
    """Answers that cannot be repeated offline, and columns that callers send otherwise."""

    severity: Severity = "critical"
    """How much it matters."""
    threshold: Share = 0.01
    """Share of rows in which a column differs from what ``transform`` joins later."""
    sample_rows: Positive = 5_000
    """Most rows of a window that are answered again."""


def _usual_sinks() -> dict[str, SinkConfig]:
    return {
        "log": LogSink(kind="log"),
        "file": FileSink(kind="file"),
        "metrics": MetricsFileSink(kind="metrics_file"),
    }


class MonitorConfig(Section):
    """``monitor.yaml``: drift and quality of what was served."""

    log: Path = Path("data/live")
    """Where the server appended predictions and labels."""
    history: Path = Path("data/monitoring.sqlite")
    """Where every judged window and every alert is kept."""
    reports: Path = Path("reports")
    """Where reports and summaries are written."""
    window_days: Positive = 7
    """Length of a window in days of the contract's time."""
    window_rows: Positive = 1_000
    """Length of a window in rows, where the contract has no time."""
    min_rows: Positive = 50
    """Rows below which a window is not judged."""
    label_delay_days: Annotated[float, Field(ge=0)] = 1.0
    """Days after which an outcome is known; replay sends labels that late."""
    sample_rows: Positive = 5_000
    """Most rows of a window drawn in the HTML report."""
    data_drift: DriftConfig = DriftConfig()
    """Columns of requests."""
    prediction_drift: DriftConfig = DriftConfig()
    """Probabilities, classes or values answered."""
    quality: QualityConfig = QualityConfig()
    """Metrics on delayed labels."""
    calibration: CalibrationConfig = CalibrationConfig()
    """What probabilities promise beside what came true."""
    staleness: StalenessConfig = StalenessConfig()
    """Age of the model and of what it learned from."""
    contract: ContractConfig = ContractConfig()
    """Refused requests, by column and rule."""
    latency: LatencyConfig = LatencyConfig()
    """Percentiles of how long requests took."""
    error_rate: ErrorRateConfig = ErrorRateConfig()
    """Share of requests that failed."""
    throughput: ThroughputConfig = ThroughputConfig()
    """Rows a day."""
    parity: ParityConfig = ParityConfig()
    """Logged answers and columns beside those made offline."""
    sinks: dict[str, SinkConfig] = Field(default_factory=_usual_sinks)
    """Whom alerts are told, by the names that ``route`` gives."""
    deliver_s: Annotated[float, Field(gt=0)] = 10.0
    """Seconds that a run spends on telling; what is not told by then, the next run tells."""

    def checks(self) -> dict[str, CheckConfig]:
        """The settings of each kind of finding that has a section here."""
        return {kind: section for kind, section in self if isinstance(section, CheckConfig)}

    def refuse_unknown_sinks(self, checks: Mapping[str, CheckConfig]) -> None:
        """Pass if each route names sinks of these settings.

        Raises:
            ValueError: one names another.
        """
        for kind, section in checks.items():
            unknown = sorted(set(section.route) - set(self.sinks))
            if unknown:
                raise ValueError(
                    f"{kind}.route: there is no sink {', '.join(map(repr, unknown))};"
                    f" those of monitor.sinks are {', '.join(self.sinks) or 'none'}"
                )

    @model_validator(mode="after")
    def _routes_lead_somewhere(self) -> Self:
        self.refuse_unknown_sinks(self.checks())
        return self
