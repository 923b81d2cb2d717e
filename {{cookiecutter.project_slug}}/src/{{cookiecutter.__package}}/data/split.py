"""Which split a row belongs to."""

from datetime import UTC, date, datetime, time
from typing import Literal, get_args

import ibis
from ibis import ir

from ..config import SplitConfig
from ..contract import Contract
from ..errors import ConfigError

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)


def by_date(table: ibis.Table, contract: Contract, config: SplitConfig) -> ir.StringValue:
    """Cut at local midnights: earlier rows train, later rows test.

    Raises:
        ConfigError: the contract names no time.
    """
    if contract.time is None:
        raise ConfigError(
            "a split by date needs a time; name a timestamp column as time: in contract.yaml"
        )
    at = table[contract.time]
    return ibis.cases(
        (at < _midnight(config.validation_from, contract), "train"),
        (at < _midnight(config.test_from, contract), "validation"),
        else_="test",
    )


def _midnight(day: date, contract: Contract) -> ir.TimestampScalar:
    local = datetime.combine(day, time.min, tzinfo=contract.zone)
    return ibis.literal(local.astimezone(UTC), type="timestamp('UTC', 6)")
