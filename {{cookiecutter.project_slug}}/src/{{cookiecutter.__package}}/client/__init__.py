"""Asks the server from Python. To ask from elsewhere, copy this folder and ``errors.py`` beside it.

It needs httpx and nothing else.
"""

from .answers import (
    Accepted,
    Answer,
    Classification,
    LabelOfId,
    LabelOfRow,
    Model,
    Ready,
    Regression,
)
from .client import Client

__all__ = [
    "Accepted",
    "Answer",
    "Classification",
    "Client",
    "LabelOfId",
    "LabelOfRow",
    "Model",
    "Ready",
    "Regression",
]
