"""Typed settings, one section per stage.

Precedence: command line (``--set train.epochs=3``) > environment (``<PACKAGE>__TRAIN__EPOCHS=3``;
then ``MLFLOW_TRACKING_URI``) > a file that ``--with`` names > ``configs/<section>.yaml`` > the
defaults of the sections.
"""

from .data import DataConfig, DateSplit, HashSplit, RecentSplit, SplitConfig
from .monitor import CheckConfig, MonitorConfig
from .reading import Config, load, parse_yaml, read_yaml
from .section import Fraction, Positive, Section, Share, explain, keys_of, nearest, unknown
from .serve import ServeConfig
from .train import GateConfig, ModelConfig, ThresholdConfig, TrainConfig
