"""Which split a row belongs to."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..config import DateSplit, HashSplit, RecentSplit, SplitConfig
from ..contract import Contract
from ..errors import ConfigError
from .hashes import row_hashes

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
TRAIN, VALIDATION, TEST = range(len(SPLITS))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Places = npt.NDArray[np.int8]
Assign = Callable[[pa.Table], Places]
"""Checked rows to the place of each row's split in ``SPLITS``, by the row's own values alone."""


Newest = Callable[[str], int]
"""The latest value of a time column among labelled rows that break no rule, in microseconds."""


def assigner(contract: Contract, config: DateSplit | HashSplit) -> Assign:
    """How rows are split.

    Raises:
        ConfigError: the contract lacks the column that the split goes by.
    """
    if isinstance(config, DateSplit):
        return _by_date(contract, config)
    return _by_hash(contract, config)


def settled(contract: Contract, config: SplitConfig, newest: Newest) -> DateSplit | HashSplit:
    """The split with its dates, where they are counted back from the newest row.

    Raises:
        ConfigError: the contract has no time to count back.
    """
    if not isinstance(config, RecentSplit):
        return config
    at = EPOCH + timedelta(microseconds=newest(_time(contract)))
    return config.until(at.astimezone(contract.zone).date())


def _time(contract: Contract) -> str:
    if contract.time is None:
        raise ConfigError(
            "a split by date needs a time; name a timestamp column as time: in contract.yaml,"
            " or say by: hash or by: group under split: in data.yaml"
        )
    return contract.time


def _by_date(contract: Contract, config: DateSplit) -> Assign:
    """Cut at local midnights: earlier rows train, later rows test."""
    name = _time(contract)
    cuts = [_midnight(day, contract) for day in (config.validation_from, config.test_from)]

    def assign(rows: pa.Table) -> Places:
        at = rows[name].cast(pa.int64()).fill_null(0).to_numpy()
        found: Places = np.searchsorted(cuts, at, side="right").astype(np.int8)
        return found

    return assign


def _by_hash(contract: Contract, config: HashSplit) -> Assign:
    """Cut the range of a hash: test below, then validation, then training rows.

    A row's place depends on its key alone (and on its label, so that every label is drawn by
    itself), hence rows that come later move none. Without an id all its values are the key.
    """
    if config.group is not None and config.group not in contract.columns:
        raise ConfigError(
            f"data.split.group is '{config.group}', which is not one of the contract's columns:"
            f" {', '.join(contract.columns)}"
        )
    names = list(contract.columns)
    if config.group is not None:
        names = [config.group]
    elif contract.id is not None:
        labels = [] if contract.task == "regression" else [contract.target]
        names = [*labels, contract.id]
    cuts = [round(share * 2**32) for share in (config.test, config.test + config.validation)]
    places = np.array([TEST, VALIDATION, TRAIN], np.int8)

    def assign(rows: pa.Table) -> Places:
        salt = pa.array([config.salt] * len(rows))
        hashes = row_hashes(rows.select(names).add_column(0, "", salt))
        found: Places = places[np.searchsorted(cuts, hashes >> np.uint64(32), side="right")]
        return found

    return assign


def _midnight(day: date, contract: Contract) -> int:
    """Microseconds since 1970 at which the day begins in the contract's zone."""
    local = datetime.combine(day, time.min, tzinfo=contract.zone)
    return (local.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)
