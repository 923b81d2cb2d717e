"""Yours: new columns computed from a row's own values, the same in training and in the graph.

``columns["temperature"]`` is a number, ``columns.seconds["departed_at"]`` a time in UTC seconds, and
``columns.is_in("carrier", "AA", "UA")`` says where a category is one of these. Numbers and times are
NaN where missing, and so is what is computed of them: the model is told that it is missing. Return
new columns ``[batch]`` by name, ``{}`` for none. Use torch functions without Python branches on
values, so that they export.
"""

from torch import Tensor

from .columns import Columns


def features(columns: Columns) -> dict[str, Tensor]:
    """How near the air is to fog."""
    return {"dew_point_spread": columns["temperature"] - columns["dew_point"]}
