"""Typed settings, one section per stage.

Precedence: command line (``--set train.epochs=3``) > environment (``<PACKAGE>__TRAIN__EPOCHS=3``;
then ``MLFLOW_TRACKING_URI``) > a file that ``--with`` names > ``configs/<section>.yaml`` > the
defaults of the sections.
"""

from .data import DataConfig, DateSplit, HashSplit, SplitConfig
from .monitor import MonitorConfig
from .reading import Config, explain, load, read_yaml
from .section import Fraction, Positive, Section, Share
from .serve import ServeConfig
from .train import (
    EvaluationConfig,
    FoldsConfig,
    GateConfig,
    ModelConfig,
    ThresholdConfig,
    TrainConfig,
)
from .tune import Space, TuneConfig, Values

__all__ = [
    "Config",
    "DataConfig",
    "DateSplit",
    "EvaluationConfig",
    "FoldsConfig",
    "Fraction",
    "GateConfig",
    "HashSplit",
    "ModelConfig",
    "MonitorConfig",
    "Positive",
    "Section",
    "ServeConfig",
    "Share",
    "Space",
    "SplitConfig",
    "ThresholdConfig",
    "TrainConfig",
    "TuneConfig",
    "Values",
    "explain",
    "load",
    "read_yaml",
]
