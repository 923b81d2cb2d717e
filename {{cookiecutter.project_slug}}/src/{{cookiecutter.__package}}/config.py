"""Typed settings, one section per stage.

Precedence: command line (``--set train.epochs=3``) > environment (``<PACKAGE>__TRAIN__EPOCHS=3``)
> ``configs/<section>.yaml`` > the defaults below.
"""

import os
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .errors import ConfigError

Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(gt=0)]
ENVIRONMENT_PREFIX = f"{(__package__ or 'project').upper()}__"


class Section(BaseModel):
    """Frozen; an unknown key is an error; keyword-only as every pydantic model."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )


class SplitConfig(Section):
    """Dates at which validation and test begin, in the contract's time zone."""

    validation_from: date
    """First day of the validation rows."""
    test_from: date
    """First day of the test rows."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.validation_from >= self.test_from:
            raise ValueError("validation_from must be before test_from")
        return self


class DataConfig(Section):
    """``data.yaml``: from the sources to a dataset version."""

    directory: Path = Path("data")
    """Where raw files, datasets and quarantine live."""
    driving: str
    """The source whose rows become the dataset's rows; the others are joined to it."""
    split: SplitConfig
    """Where the three splits are cut."""
    max_rejected_fraction: Fraction = 0.05
    """Share of a source's rows that may be quarantined before the run stops."""
    memory_limit: str = Field(default="1GB", pattern=r"^\d+(\.\d+)?\s?[KMGT]i?B$")
    """Memory the ETL engine may use before it spills to disk."""


class ModelConfig(Section):
    """The network's shape."""

    hidden: tuple[Positive, ...] = (64, 32)
    """Width of each hidden layer."""
    embedding: Positive = 8
    """Most dimensions a category is embedded in."""
    bins: Positive = 16
    """Quantile bins of the piecewise-linear encoding of a number."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of inputs and activations dropped in training."""


class GateConfig(Section):
    """What a model must hold before it may serve."""

    max_auc_loss_to_linear: Annotated[float, Field(ge=0)] = 0.01
    """Largest AUC the model may lose to logistic regression, at the interval's lower bound."""
    min_improvement: float = 0.0
    """AUC by which a challenger must beat the champion, at the interval's lower bound."""
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
    epochs: Positive = 5
    """Most passes over the training rows."""
    patience: Positive = 3
    """Epochs without a better validation AUC before training stops."""
    batch_size: Positive = 1024
    """Rows per gradient step."""
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
    max_auc_drop: Annotated[float, Field(gt=0)] = 0.05
    """Drop of AUC below the test span's at which quality is an alert."""
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
    """Every section; ``contract.yaml`` beside them is read by ``contract.py``."""

    data: DataConfig
    train: TrainConfig
    serve: ServeConfig
    monitor: MonitorConfig


class _Loader(yaml.SafeLoader):
    """Refuses a key that is given twice, of which YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                problem = f"the key '{key.value}' is given twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def load(folder: Path, overrides: Iterable[str] = ()) -> Config:
    """Read the sections of ``folder``, then the environment, then ``section.key=value``.

    Raises:
        ConfigError: a file, a variable or an override does not fit its section.
    """
    if not folder.is_dir():
        raise ConfigError(
            f"no configuration folder at '{folder}'; run from the project's root"
            " or name the folder with --configs"
        )
    values: dict[str, Any] = {
        section: read_yaml(path) if (path := folder / f"{section}.yaml").exists() else {}
        for section in Config.model_fields
    }
    for origin, assignment in [*_from_environment(os.environ), *(("--set", o) for o in overrides)]:
        _assign(values, assignment, origin)
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError(explain(error, f"settings in '{folder}'")) from None


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file's mapping; an empty file is an empty mapping.

    Raises:
        ConfigError: the file is not there, is not YAML or is not a mapping.
    """
    try:
        content = _Loader(path.read_text(encoding="utf-8")).get_single_data()
    except FileNotFoundError:
        raise ConfigError(f"'{path}' does not exist") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"'{path}' is not valid YAML: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"'{path}' must hold keys and values, not a {type(content).__name__}")
    return content


def explain(error: ValidationError, what: str) -> str:
    """One line per fault: the key, what is wrong and what was given."""
    lines = [f"{what}: {error.error_count()} not valid"]
    for fault in error.errors(include_url=False):
        key = ".".join(str(part) for part in fault["loc"]) or "(whole)"
        given = "" if fault["type"] in {"missing", "value_error"} else f"; given {fault['input']!r}"
        lines.append(f"  {key}: {fault['msg'].removeprefix('Value error, ')}{given}")
    return "\n".join(lines)


def _from_environment(environment: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        (name, f"{name.removeprefix(ENVIRONMENT_PREFIX).lower().replace('__', '.')}={value}")
        for name, value in sorted(environment.items())
        if name.startswith(ENVIRONMENT_PREFIX)
    ]


def _assign(values: dict[str, Any], assignment: str, origin: str) -> None:
    key, separator, text = assignment.partition("=")
    path = key.strip().split(".")
    if not separator or len(path) < 2 or path[0] not in values:
        raise ConfigError(
            f"{origin}: '{assignment}' is not section.key=value;"
            f" the sections are {', '.join(values)}"
        )
    target = values
    for part in path[:-1]:
        if target.get(part) is None:
            target[part] = {}
        target = target[part]
        if not isinstance(target, dict):
            raise ConfigError(f"{origin}: '{key}' has no keys below '{part}'")
    try:
        target[path[-1]] = yaml.safe_load(text) if text else text  # null is written out
    except yaml.YAMLError:
        target[path[-1]] = text
