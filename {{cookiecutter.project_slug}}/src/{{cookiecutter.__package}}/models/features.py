"""Yours: new columns computed from a row's own values, the same in training and in the graph.

``columns`` holds each numeric column of the contract and the calendar parts of each timestamp as a
float tensor ``[batch]``, NaN where missing. Return new named columns of that shape. Use torch
functions without Python branches on values, so that they export. Return ``{}`` for none.
"""

from torch import Tensor


def features(columns: dict[str, Tensor]) -> dict[str, Tensor]:
    """How near the air is to fog."""
    return {"dew_point_spread": columns["temperature"] - columns["dew_point"]}
