"""Typed settings, one section per stage.

Precedence: command line (``--set train.epochs=3``) > environment (``<PACKAGE>__TRAIN__EPOCHS=3``;
then ``MLFLOW_TRACKING_URI``) > a file that ``--with`` names > ``configs/<section>.yaml`` > the
defaults of the sections.
"""

from .data import DataConfig, DateSplit, HashSplit, RecentSplit, SplitConfig
from .monitor import CheckConfig, DriftConfig, MonitorConfig, QualityConfig
from .reading import Config, explain, load, read_yaml
from .section import Fraction, Positive, Section, Share
from .serve import ServeConfig
from .train import (
    TRACKERS,
    EvaluationConfig,
    FoldsConfig,
    GateConfig,
    ModelConfig,
    ThresholdConfig,
    TrainConfig,
)

__all__ = [
    "TRACKERS",
    "CheckConfig",
    "Config",
    "DataConfig",
    "DateSplit",
    "DriftConfig",
    "EvaluationConfig",
    "FoldsConfig",
    "Fraction",
    "GateConfig",
    "HashSplit",
    "ModelConfig",
    "MonitorConfig",
    "Positive",
    "QualityConfig",
    "RecentSplit",
    "Section",
    "ServeConfig",
    "Share",
    "SplitConfig",
    "ThresholdConfig",
    "TrainConfig",
    "explain",
    "load",
    "read_yaml",
]
