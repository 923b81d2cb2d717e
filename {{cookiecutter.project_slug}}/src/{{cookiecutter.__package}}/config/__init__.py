"""Typed settings, one section per stage.

Precedence: command line (``--set train.epochs=3``) > environment (``<PACKAGE>__TRAIN__EPOCHS=3``)
> ``configs/<section>.yaml`` > the defaults of the sections.
"""

from .reading import explain, load, read_yaml
from .sections import (
    Config,
    DataConfig,
    DateSplit,
    GateConfig,
    HashSplit,
    ModelConfig,
    MonitorConfig,
    ServeConfig,
    SplitConfig,
    TrainConfig,
)

__all__ = [
    "Config",
    "DataConfig",
    "DateSplit",
    "GateConfig",
    "HashSplit",
    "ModelConfig",
    "MonitorConfig",
    "ServeConfig",
    "SplitConfig",
    "TrainConfig",
    "explain",
    "load",
    "read_yaml",
]
