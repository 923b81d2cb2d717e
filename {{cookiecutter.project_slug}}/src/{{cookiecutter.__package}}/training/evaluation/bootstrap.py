"""Which rows belong together; ``models.intervals`` draws such blocks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...contract import Contract
from ...models.days import local_days
from ...models.intervals import Bootstrap, Interval, numbered
from ...models.ranking import Integers
from ...values import canonical_category
from ..rows import Rows

__all__ = ["Blocks", "Bootstrap", "Interval", "blocks"]


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """The block of each row, numbered from 0 on without gaps, and what a block is."""

    of: Integers
    unit: str
    """Such as "days" or "rows", for people."""


def blocks(contract: Contract, rows: Rows, split: Mapping[str, Any]) -> Blocks:
    """By the group that the dataset was split by, else by local day, else each row by itself.

    ``split`` is that of the dataset's manifest. Who splits by group says what belongs together.
    """
    group = split.get("group")
    if group is not None and group in rows.table.column_names:
        values = [canonical_category(value) for value in rows.table[group].to_pylist()]
        return Blocks(of=numbered(np.array(values, str)), unit=f"values of {group}")
    if contract.time is not None:
        seconds = rows.inputs.time[:, contract.times.index(contract.time)]
        return Blocks(of=numbered(local_days(seconds, contract.zone)), unit="days")
    lost = "" if group is None else f" (datasets do not keep '{group}', which is personal)"
    return Blocks(of=np.arange(len(rows.labels)), unit=f"rows{lost}")
