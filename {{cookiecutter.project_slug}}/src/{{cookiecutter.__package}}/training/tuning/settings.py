"""Settings of ``tuning.yaml``: what is searched, how long, and by how many processes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from ...config import Config, Positive, Section

OWN = "model."
OF_ALL_KINDS = ("batch_size", "epochs", "learning_rate", "patience", "weight_decay")


class Values(Section):
    """What a setting is drawn from: the numbers from low to high, or some choices."""

    low: float | None = None
    """The least; whole numbers are drawn where the setting takes no others."""
    high: float | None = None
    """The most; it may be drawn too."""
    log: bool = False
    """Whether numbers are drawn evenly by factors, not by differences."""
    step: Annotated[float, Field(gt=0)] | None = None
    """Distance between neighbouring numbers, from low on."""
    choices: Annotated[tuple[Any, ...], Field(min_length=1)] | None = None
    """Instead of numbers: any values that the setting takes, null and lists among them."""

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        if self.choices is not None:
            if self.model_fields_set != {"choices"}:
                raise ValueError("choices stand alone; leave out low, high, log and step")
            return self
        if self.low is None or self.high is None:
            raise ValueError("give low and high, or choices")
        if self.low >= self.high:
            raise ValueError(f"low must be less than high; given {self.low:g} and {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError(f"log needs a low above 0; given {self.low:g}")
        if self.log and self.step is not None:
            raise ValueError("log takes no step; leave one of them out")
        if self.step is not None and self.step > self.high - self.low:
            raise ValueError(f"step {self.step:g} leads from low beyond high")
        return self


Space = Mapping[str, Values]
"""Values by setting, named as in ``train.yaml``: ``learning_rate``, ``model.hidden``."""


class TuningConfig(Section):
    """``tuning.yaml``: how ``tune`` searches better settings."""

    trials: Positive = 40
    """Trainings of each kind of model, those that are ended early among them."""
    processes: Positive = 1
    """Trainings at a time; only with one do two searches find the same."""
    seed: int = 0
    """Seed of what is drawn; each training still follows train.seed."""
    kinds: tuple[str, ...] = ()
    """Kinds of model, a study each; none means that of train.model, and of auto lightgbm and mlp."""
    prune: bool = True
    """Whether a training ends early that is worse than the median of others was at its point."""
    folder: Path = Path("tuning")
    """Where studies are kept; one that was interrupted goes on from there."""
    space: Mapping[str, Space] = Field(default_factory=dict)
    """By kind of model, what to search in place of what the kind itself says."""

    @model_validator(mode="after")
    def _searches_what_changes_the_fit(self) -> Self:
        for kind, space in self.space.items():
            for name in space:
                if name not in OF_ALL_KINDS and not name.startswith(OWN):
                    raise ValueError(
                        f"space.{kind}: '{name}' cannot be searched; what can are"
                        f" {', '.join(OF_ALL_KINDS)} and, as {OWN}…, the settings of the kind"
                    )
        return self


def tuning_of(config: Config) -> TuningConfig:
    """The settings as they were read.

    Raises:
        ConfigError: they are not valid.
    """
    return config.settings("tuning", TuningConfig)
