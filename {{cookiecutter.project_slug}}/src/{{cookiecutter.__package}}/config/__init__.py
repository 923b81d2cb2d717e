"""Typed settings, one section per stage.

Precedence: command line (``--set train.epochs=3``) > environment (``<PACKAGE>__TRAIN__EPOCHS=3``;
then ``MLFLOW_TRACKING_URI``) > a file that ``--with`` names > ``configs/<section>.yaml`` > the
defaults of the sections.
"""

from .data import DataConfig as DataConfig
from .data import DateSplit as DateSplit
from .data import HashSplit as HashSplit
from .data import RecentSplit as RecentSplit
from .data import SplitConfig as SplitConfig
from .files import explain as explain
from .files import nearest as nearest
from .files import parse_yaml as parse_yaml
from .files import read_yaml as read_yaml
from .files import unknown as unknown
from .monitor import CheckConfig as CheckConfig
from .monitor import DriftConfig as DriftConfig
from .monitor import MonitorConfig as MonitorConfig
from .monitor import QualityConfig as QualityConfig
from .reading import Config as Config
from .reading import load as load
from .section import Fraction as Fraction
from .section import Positive as Positive
from .section import Section as Section
from .section import Share as Share
from .serve import ServeConfig as ServeConfig
from .train import TRACKERS as TRACKERS
from .train import FoldsConfig as FoldsConfig
from .train import GateConfig as GateConfig
from .train import ModelConfig as ModelConfig
from .train import ThresholdConfig as ThresholdConfig
from .train import TrainConfig as TrainConfig
