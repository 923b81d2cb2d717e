"""Typed settings, one section per stage.

Precedence: command line (``--set train.epochs=3``) > environment (``<PACKAGE>__TRAIN__EPOCHS=3``;
then ``MLFLOW_TRACKING_URI``) > a file that ``--with`` names > ``configs/<section>.yaml`` > the
defaults of the sections.
"""

from .data import DataConfig, DateSplit, HashSplit, RecentSplit, SplitConfig
from .monitor import DriftConfig, MonitorConfig, QualityConfig, WatchConfig
from .reading import Config, explain, load, read_yaml
from .section import Fraction, Positive, Section, Share
from .serve import AbortConfig, ServeConfig
from .sinks import EmailSink, FileSink, LogSink, PrometheusSink, SinkConfig, WebhookSink
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
    "AbortConfig",
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
    "ModelConfig",
    "MonitorConfig",
    "Positive",
    "PrometheusSink",
    "QualityConfig",
    "RecentSplit",
    "Section",
    "ServeConfig",
    "Share",
    "SinkConfig",
    "SplitConfig",
    "ThresholdConfig",
    "TrainConfig",
    "WatchConfig",
    "WebhookSink",
    "explain",
    "load",
    "read_yaml",
]
