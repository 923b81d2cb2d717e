"""Settings of ``train.yaml``, each with its meaning, unit and default."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from .section import Positive, Section, Share

Above = Annotated[float, Field(gt=0)]
AtLeastZero = Annotated[float, Field(ge=0)]
SwitchableRule = Literal[
    "no leaky feature",
    "unseen test rows",
    "better than dummy",
    "not worse than linear",
    "better than champion",
    "no broken slice",
    "calibrated",
]


class ModelConfig(Section):
    """Which kind of model, and that kind's own settings with it."""

    model_config = ConfigDict(extra="allow")

    kind: str = "auto"
    """auto races several kinds, and blends them if that is better; or one of training/kinds/."""


class GateConfig(Section):
    """What a model must pass before it may serve."""

    confidence: ClassVar[float] = 0.95
    """Coverage of the intervals; a rule errs in one direction, so at half of what is left."""
    skip: tuple[SwitchableRule, ...] = ()
    """Rules that are left out, by name; parity is always on."""
    max_feature_score: Share = 0.98
    """How well a feature may tell the target alone: AUC; share of errors, or variance, explained."""
    max_loss_to_linear: AtLeastZero = 0.0
    """AUC (R² of a regression) by which the model may be surely worse than a linear one."""
    min_improvement: float = 0.0
    """AUC (R²) by which a model is surely better than the served one; -0.005 allows a small loss."""
    max_calibration_error: Share = 0.1
    """Largest calibration error; of a regression, largest mean error in spreads of the target."""


class ThresholdConfig(Section):
    """From which probability a binary decision is positive; chosen on validation rows."""

    objective: Literal["f1", "cost"] = "f1"
    """What is best there: the highest F1, or the least of both costs below."""
    false_negative_cost: Above | None = None
    """What a missed positive costs, in any unit; for cost alone."""
    false_positive_cost: Above | None = None
    """What a false alarm costs, in the same unit; for cost alone."""

    @model_validator(mode="after")
    def _costs_are_for_cost(self) -> Self:
        for name in ("false_negative_cost", "false_positive_cost"):
            has_cost = getattr(self, name) is not None
            if self.objective == "cost" and not has_cost:
                raise ValueError(f"objective cost needs {name}")
            if self.objective != "cost" and has_cost:
                raise ValueError(f"objective {self.objective} takes no {name}; leave it out")
        return self

    @property
    def reason(self) -> str:
        """Why a threshold is where it is, to say after it."""
        if self.objective == "f1":
            return "where F1 on validation rows is highest"
        missed, false = self.false_negative_cost, self.false_positive_cost
        costs = f"{missed} for a missed positive and {false} for a false alarm"
        return f"where mistakes on validation rows cost least, {costs}"


class TrainConfig(Section):
    """``train.yaml``: from a dataset version to a gated model."""

    intended_use: str | None = None
    """Who may use the predictions for what, and for what not, in your words; for the card."""
    bundles: Path = Path("bundles")
    """Folder of the bundles, the versions and the served pointer."""
    tracker: Literal["mlflow", "none"] = "mlflow"
    """Where copies of runs and versions are sent."""
    tracking_uri: Annotated[str, Field(min_length=1)] = "sqlite:///mlflow.db"
    """MLflow's database or server; the variable MLFLOW_TRACKING_URI comes before this file."""
    artifacts: Path = Path("mlartifacts")
    """Where MLflow keeps the files of a run, unless its server does."""
    seed: int = 0
    """Seed of every random draw."""
    epochs: Positive | None = None
    """Most passes over the training rows; null takes more of them the fewer rows there are."""
    learning_rate: Above = 1e-3
    """Peak step size of AdamW."""
    weight_decay: AtLeastZero = 1e-4
    """Decoupled weight decay of AdamW."""
    memory_rows: Positive = 2_000_000
    """Most rows of a split that are held in memory; of more every second, third … is taken."""
    folds_below_rows: Annotated[int, Field(ge=0)] = 3000
    """Training and validation rows together below which a kind is chosen by folds of both; 0 never."""
    max_members: Positive = 3
    """Most candidates that kind auto blends into one model; 1 blends none."""
    model: ModelConfig = ModelConfig()
    """The kind of model, and its settings."""
    gate: GateConfig = GateConfig()
    """What a model must pass before it may serve."""
    threshold: ThresholdConfig = ThresholdConfig()
    """From which probability a binary decision is positive; chosen on validation rows."""
