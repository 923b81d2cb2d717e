"""Typed settings, one section per stage.

Precedence: command line (``--set train.epochs=3``) > environment (``<PACKAGE>__TRAIN__EPOCHS=3``;
then ``MLFLOW_TRACKING_URI``) > a file that ``--with`` names > ``configs/<section>.yaml`` > the
defaults of the sections.
"""

from .data import DataConfig, DateSplit, HashSplit, RecentSplit, SplitConfig
from .files import explain, nearest, parse_yaml, read_yaml
from .monitor import CheckConfig, DriftConfig, MonitorConfig, QualityConfig
from .reading import Config, load
from .section import Fraction, Positive, Section, Share
from .serve import ServeConfig
from .sinks import EmailSink, FileSink, LogSink, MetricsFileSink, SinkConfig, WebhookSink
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
    "EmailSink",
    "EvaluationConfig",
    "FileSink",
    "FoldsConfig",
    "Fraction",
    "GateConfig",
    "HashSplit",
    "LogSink",
    "MetricsFileSink",
    "ModelConfig",
    "MonitorConfig",
    "Positive",
    "QualityConfig",
    "RecentSplit",
    "Section",
    "ServeConfig",
    "Share",
    "SinkConfig",
    "SplitConfig",
    "ThresholdConfig",
    "TrainConfig",
    "WebhookSink",
    "explain",
    "load",
    "nearest",
    "parse_yaml",
    "read_yaml",
]
