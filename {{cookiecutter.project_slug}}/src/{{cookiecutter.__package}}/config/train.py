"""Settings of ``train.yaml``, each with its meaning, unit and default."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from .section import Positive, Section, Share, unknown

# Each names a module of training/tracking, and the function ``tracker`` in it.
TRACKERS = (
    "mlflow",
    # options, one line each
    "wandb",
)
NO_TRACKER = "none"
Above = Annotated[float, Field(gt=0)]
AtLeastZero = Annotated[float, Field(ge=0)]


class ModelConfig(Section):
    """Which kind of model, and that kind's own settings with it."""

    model_config = ConfigDict(extra="allow")

    kind: str = "auto"
    """auto races several kinds; or one of those in training/kinds/."""


class FoldsConfig(Section):
    """Cross-validation, where one validation split would be too small to choose by."""

    number: ClassVar[int] = 5
    """Folds; by time where the dataset was split by date, by group where it was by group."""
    below_rows: Annotated[int, Field(ge=0)] = 3000
    """Training and validation rows together below which folds of both are held out; 0 never."""


class GateConfig(Section):
    """What a model must hold before it may serve; false, off or null leaves a rule out."""

    confidence: ClassVar[float] = 0.95
    """Coverage of the intervals; a rule errs in one direction, so at half of what is left."""
    resamples: Annotated[int, Field(ge=100)] = 1000
    """Draws of the block bootstrap."""
    max_telling: Share | None = 0.98
    """How well a feature may tell the target alone: AUC; share of errors, or variance, explained."""
    unseen_test_rows: bool = True
    """No test row is among those that were learned from."""
    better_than_dummy: bool = True
    """Surely better than knowing the labels' frequencies alone."""
    max_loss_to_linear: AtLeastZero | None = 0.0
    """AUC (R² of a regression) that the model may surely lose to a linear one: the whole interval."""
    champion: Literal["superior", "not_worse", "off"] = "superior"
    """superior: surely better than what serves; not_worse: to refresh a stale model."""
    min_improvement: float = 0.0
    """AUC (R²) by which a superior challenger beats the champion, at the interval's low end."""
    max_loss_to_champion: AtLeastZero = 0.005
    """AUC (R²) that one that is not_worse may lose to the champion, at the interval's low end."""
    slices: bool = True
    """In no slice surely worse than the dummy, of 500 rows or a 20th of the test rows."""
    max_calibration_error: Share | None = 0.1
    """Calibration error that is surely too much; of a regression, mean error in target spreads."""


class ThresholdConfig(Section):
    """From which probability a binary decision is positive; chosen on validation rows."""

    objective: Literal["f1", "cost", "precision", "recall"] = "f1"
    """What is best there: the highest F1, the least of both costs below, or what is kept at least."""
    at_least: Share | None = None
    """Precision or recall to keep, with the most of the other; for these two alone."""
    false_negative_cost: Above | None = None
    """What a missed positive costs, in any unit; for cost alone."""
    false_positive_cost: Above | None = None
    """What a false alarm costs, in the same unit; for cost alone."""

    @model_validator(mode="after")
    def _has_what_the_objective_takes(self) -> Self:
        of_cost = ("false_negative_cost", "false_positive_cost")
        needed = {"f1": (), "cost": of_cost}.get(self.objective, ("at_least",))
        for name in ("at_least", *of_cost):
            if name in needed and getattr(self, name) is None:
                raise ValueError(f"objective {self.objective} needs {name}")
            if name not in needed and getattr(self, name) is not None:
                raise ValueError(f"objective {self.objective} takes no {name}; leave it out")
        return self

    @property
    def reason(self) -> str:
        """Why a threshold is where it is, to say after it."""
        if self.objective == "cost":
            missed, false = self.false_negative_cost, self.false_positive_cost
            costs = f"{missed} for a missed positive and {false} for a false alarm"
            return f"where mistakes on validation rows cost least, {costs}"
        other = {"precision": "recall", "recall": "precision"}.get(self.objective)
        best = f"at least {self.at_least} and {other} highest" if other else "highest"
        return f"where {self.objective.replace('f1', 'F1')} on validation rows is {best}"


class TrainConfig(Section):
    """``train.yaml``: from a dataset version to a gated model."""

    intended_use: str | None = None
    """Who may use the answers for what, and for what not, in your words; for the card."""
    bundles: Path = Path("bundles")
    """Where bundles, the served pointer and the promotion history live."""
    tracker: str = "mlflow"
    """What runs and versions are mirrored to: one of those in training/tracking/, or none."""
    tracking_uri: Annotated[str, Field(min_length=1)] = "sqlite:///mlflow.db"
    """MLflow's database or server; the variable MLFLOW_TRACKING_URI comes before this file."""
    artifacts: Path = Path("mlartifacts")
    """Where the tracker keeps the files of a run, unless its server does."""
    seed: int = 0
    """Seed of every random draw."""
    epochs: Positive | None = None
    """Most passes over the training rows; null takes more of them the fewer rows there are."""
    patience: Positive | None = None
    """Epochs without a better validation AUC (R²) before training stops; null is an eighth, from 3."""
    batch_size: Positive | None = None
    """Rows per gradient step; null takes 32 to 1024 by the number of rows."""
    learning_rate: Above = 1e-3
    """Peak step size of AdamW."""
    weight_decay: AtLeastZero = 1e-4
    """Decoupled weight decay of AdamW."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where training runs."""
    memory_rows: Positive = 2_000_000
    """Most rows of a split that are held in memory; of more a random sample is taken."""
    threads: Positive | None = None
    """CPU threads; null is one for networks and for few rows, which are no faster by more, else all."""
    model: ModelConfig = ModelConfig()
    """The kind of model, and its settings."""
    folds: FoldsConfig = FoldsConfig()
    """Cross-validation of small tables."""
    calibration: Literal["temperature"] | None = None
    """How probabilities are calibrated on held-out rows, inside the graph; null leaves them."""
    gate: GateConfig = GateConfig()
    """What a model must hold before it may serve."""
    threshold: ThresholdConfig = ThresholdConfig()
    """From which probability a binary decision is positive; chosen on validation rows."""
    promote: Literal["manual", "auto"] = "manual"
    """Whether a challenger that passes the gate is served at once; the first always is."""

    @field_validator("tracker")
    @classmethod
    def _is_a_tracker(cls, name: str) -> str:
        if name not in (valid := (*TRACKERS, NO_TRACKER)):
            raise ValueError(unknown(name, "the trackers", valid))
        return name
