"""The sections: every setting with its meaning, unit and default."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

Fraction = Annotated[float, Field(ge=0, le=1)]
Share = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[int, Field(gt=0)]


class Section(BaseModel):
    """Frozen; an unknown key is an error; keyword-only as every pydantic model."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )


class DateSplit(Section):
    """Cut at fixed dates, in the contract's time zone: the past trains, the future tests."""

    by: Literal["date"] = "date"
    """Rows are split by their time."""
    validation_from: date
    """First day of the validation rows."""
    test_from: date
    """First day of the test rows."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.validation_from >= self.test_from:
            raise ValueError("validation_from must be before test_from")
        return self


class HashSplit(Section):
    """Cut by a hash of each row's key, so that a row stays where it is when others are added."""

    by: Literal["hash", "group"]
    """hash: each row by its id, without one by all its values; group: by the column below."""
    group: str | None = None
    """Column whose rows stay together, such as a customer; for group alone."""
    validation: Share = 0.1
    """Share of the rows, or groups, that validate."""
    test: Share = 0.2
    """Share of the rows, or groups, that test."""
    salt: str = ""
    """Another text draws another split."""

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError("validation and test leave nothing to train on; lower them")
        if (self.by == "group") != (self.group is not None):
            raise ValueError("group: name a column with by: group, and none with by: hash")
        return self


def _kind(value: object) -> str:
    by = value.get("by") if isinstance(value, Mapping) else getattr(value, "by", None)
    return "hash" if by in ("hash", "group") else "date"


SplitConfig = Annotated[
    Annotated[DateSplit, Tag("date")] | Annotated[HashSplit, Tag("hash")], Discriminator(_kind)
]


class DataConfig(Section):
    """``data.yaml``: from the sources to a dataset version."""

    directory: Path = Path("data")
    """Where raw files, datasets and quarantine live."""
    driving: str
    """The source whose rows become the dataset's rows; the others are joined to it."""
    split: SplitConfig
    """How rows become training, validation and test rows."""
    keep: Literal["first", "last"] = "first"
    """Which row stays where several have one id, in the order of the source."""
    engine: Literal["duckdb", "pyspark"] = "duckdb"
    """What runs the transform and the contract's rules; pyspark needs the extra of its name."""
    fetch: str | None = Field(default=None, pattern=r"^[a-z_][a-z0-9_]*$")
    """Module of data/ whose ``fetch(paths)`` brings files that are not there; null brings none."""
    max_rejected_fraction: Fraction = 0.05
    """Share of a source's rows that may be quarantined before the run stops."""
    memory_limit: str = Field(default="500MB", pattern=r"^\d+(\.\d+)?\s?[KMGT]i?B$")
    """Memory the engine may use before it spills to disk; the process takes some 400 MB more."""


class ModelConfig(Section):
    """The network's shape."""

    hidden: tuple[Positive, ...] = (64, 32)
    """Width of each hidden layer."""
    embedding: Positive = 8
    """Most dimensions a category is embedded in."""
    bins: Positive = 16
    """Quantile bins of the piecewise-linear encoding of a number."""
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Share of inputs and activations dropped in training; null is 0.1, and 0 for a regression."""


class GateConfig(Section):
    """What a model must hold before it may serve."""

    max_loss_to_linear: Annotated[float, Field(ge=0)] = 0.01
    """AUC (R² of a regression) that the model may lose to a linear one, at the interval's low end."""
    min_improvement: float = 0.0
    """AUC (R²) by which a challenger must beat the champion, at the interval's low end."""
    resamples: Annotated[int, Field(ge=100)] = 1000
    """Draws of the block bootstrap."""
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    """Coverage of the intervals."""


class TrainConfig(Section):
    """``train.yaml``: from a dataset version to a gated model."""

    bundles: Path = Path("bundles")
    """Where bundles, the served pointer and the promotion history live."""
    tracking_uri: str = "sqlite:///mlflow.db"
    """MLflow's tracking and registry store; empty turns tracking off."""
    artifacts: Path = Path("mlartifacts")
    """Where MLflow keeps the files of a run."""
    seed: int = 0
    """Seed of every random draw."""
    epochs: Positive | None = None
    """Most passes over the training rows; null takes more of them the fewer rows there are."""
    patience: Positive | None = None
    """Epochs without a better validation AUC (R²) before training stops; null is a fifth, from 3."""
    batch_size: Positive | None = None
    """Rows per gradient step; null takes 32 to 1024 by the number of rows."""
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    """Peak step size of AdamW."""
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    """Decoupled weight decay of AdamW."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where training runs."""
    threads: Positive | None = None
    """CPU threads of torch; null leaves its default."""
    model: ModelConfig = ModelConfig()
    """The network's shape."""
    gate: GateConfig = GateConfig()
    """What a model must hold before it may serve."""
    promote: Literal["manual", "auto"] = "manual"
    """Whether a challenger that passes the gate is served at once; the first always is."""


class ServeConfig(Section):
    """``serve.yaml``: the predictor."""

    bundles: Path = Path("bundles")
    """Where the served pointer and its bundle are read from."""
    log: Path = Path("data/live")
    """Where predictions and labels are appended."""
    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 opens it to the network."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """Port to listen on."""
    max_rows: Positive = 10_000
    """Most rows in one request."""
    max_body_bytes: Positive = 16_000_000
    """Largest request body."""
    model: str | None = None
    """Name of the model to serve; null takes the only one below bundles."""
    reload_s: Annotated[float, Field(gt=0)] = 1.0
    """Seconds between looks at the served pointer."""
    batch_rows: Positive = 65_536
    """Rows that batch scoring holds at once."""


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


class Config(Section):
    """Every section; ``contract.yaml`` beside them is read by ``contract``."""

    data: DataConfig
    train: TrainConfig
    serve: ServeConfig
    monitor: MonitorConfig
