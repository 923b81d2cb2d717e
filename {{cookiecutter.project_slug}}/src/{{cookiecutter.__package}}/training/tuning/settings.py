"""Settings of ``tuning.yaml``: what is searched, and how long."""

from pathlib import Path

from ...config import Config, Positive, Section


class TuningConfig(Section):
    """``tuning.yaml``: how ``tune`` searches better settings."""

    trials: Positive = 40
    """Trainings of each kind of model."""
    seed: int = 0
    """Seed of what is drawn; each training still follows train.seed."""
    kinds: tuple[str, ...] = ()
    """Kinds of model, a study each; none means that of train.model, and of auto lightgbm and mlp."""
    folder: Path = Path("tuning")
    """Where studies are stored; one that was interrupted goes on from there."""


def tuning_of(config: Config) -> TuningConfig:
    """The settings as they were read.

    Raises:
        ConfigError: they are not valid.
    """
    return config.settings("tuning", TuningConfig)
