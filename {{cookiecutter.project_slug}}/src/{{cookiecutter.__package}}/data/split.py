"""Which split a row belongs to."""

from datetime import UTC, date, datetime, time
from typing import Literal, get_args

import ibis
from ibis import ir

from ..config import DateSplit, HashSplit, SplitConfig
from ..contract import Contract
from ..errors import ConfigError

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
TRAIN, VALIDATION, TEST = (ibis.literal(place, type="int8") for place in range(len(SPLITS)))
DIGITS = 8


def assign(table: ibis.Table, contract: Contract, config: SplitConfig) -> ir.IntegerValue:
    """The split of each row as its place in ``SPLITS``, by the row's own values alone.

    Raises:
        ConfigError: the contract lacks the column that the split goes by.
    """
    if isinstance(config, DateSplit):
        return _by_date(table, contract, config)
    return _by_hash(table, contract, config)


def _by_date(table: ibis.Table, contract: Contract, config: DateSplit) -> ir.IntegerValue:
    """Cut at local midnights: earlier rows train, later rows test."""
    if contract.time is None:
        raise ConfigError(
            "a split by date needs a time; name a timestamp column as time: in contract.yaml,"
            " or say by: hash or by: group under split: in data.yaml"
        )
    at = table[contract.time]
    return ibis.cases(
        (at < _midnight(config.validation_from, contract), TRAIN),
        (at < _midnight(config.test_from, contract), VALIDATION),
        else_=TEST,
    )


def _by_hash(table: ibis.Table, contract: Contract, config: HashSplit) -> ir.IntegerValue:
    """Cut the range of an MD5: test below, then validation, then training rows.

    A row's place depends on its key alone (and on its label, so that every label is drawn by
    itself), hence rows that come later move none.
    """
    if config.group is None and contract.id is None:
        raise ConfigError(
            "a split by hash needs an id; name a column as id: in contract.yaml,"
            " or say by: group with a column under split: in data.yaml"
        )
    if config.group is not None and config.group not in contract.columns:
        raise ConfigError(
            f"data.split.group is '{config.group}', which is not one of the contract's columns:"
            f" {', '.join(contract.columns)}"
        )
    key = table[config.group or contract.id].cast("string").fill_null("")
    if config.group is None:
        key = table[contract.target].cast("string").fill_null("") + ":" + key
    digest = (ibis.literal(f"{config.salt}:") + key).hexdigest("md5").left(DIGITS)
    return ibis.cases(
        (digest < _threshold(config.test), TEST),
        (digest < _threshold(config.test + config.validation), VALIDATION),
        else_=TRAIN,
    )


def _threshold(share: float) -> str:
    """The hexadecimal text below which this share of all digests lies."""
    return f"{round(share * 16**DIGITS):0{DIGITS}x}"


def _midnight(day: date, contract: Contract) -> ir.TimestampScalar:
    local = datetime.combine(day, time.min, tzinfo=contract.zone)
    return ibis.literal(local.astimezone(UTC), type="timestamp('UTC', 6)")
