"""Which split a row belongs to."""

from datetime import UTC, date, datetime, time
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from ..config import DateSplit, HashSplit
from ..contract import Contract
from ..errors import ConfigError
from .hashes import Hashes, row_hashes

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
TRAIN, VALIDATION, TEST = range(len(SPLITS))
SMALL_ROWS = 10_000
"""Up to so many rows, a split by hash has exactly the shares that were asked for."""
Places = npt.NDArray[np.int8]


def time_of(contract: Contract) -> str:
    """The column that rows are split by.

    Raises:
        ConfigError: the contract has none.
    """
    if contract.time is None:
        raise ConfigError(
            "a split by date needs a time; name a timestamp column as time: in contract.yaml,"
            " or say by: hash or by: group under split: in data.yaml"
        )
    return contract.time


def by_date(contract: Contract, config: DateSplit) -> pl.Expr:
    """The place in ``SPLITS``: how many of two local midnights a row has behind it."""
    name = time_of(contract)
    cuts = [_midnight(day, contract) for day in (config.validation_from, config.test_from)]
    behind: pl.Expr = sum((pl.col(name) >= pl.lit(cut) for cut in cuts), start=pl.lit(0, pl.Int8))
    return behind.cast(pl.Int8)


def by_hash(contract: Contract, config: HashSplit) -> pl.Expr:
    """The place in ``SPLITS`` by a cut of a hash's range: test below, then validation, then train.

    A row's place depends on its key alone, hence rows that come later move none.
    """
    cuts = [round(share * 2**32) for share in (config.test, config.test + config.validation)]
    places = np.array([TEST, VALIDATION, TRAIN], np.int8)
    names = key_of(contract, config)

    def assign(keys: pl.Series) -> pl.Series:
        hashes = hashes_of(keys.struct.unnest(), config)
        return pl.Series(places[np.searchsorted(cuts, hashes >> np.uint64(32), side="right")])

    return pl.struct(names).map_batches(assign, pl.Int8, is_elementwise=True)


def key_of(contract: Contract, config: HashSplit) -> list[str]:
    """The columns that decide: the group, or the id and its label, or without an id all."""
    if config.group is not None:
        return [config.group]
    if contract.id is None:
        return list(contract.columns)
    return [contract.id] if contract.task == "regression" else [contract.target, contract.id]


def hashes_of(keys: pl.DataFrame, config: HashSplit) -> Hashes:
    """A hash of each row's key, which the salt changes."""
    return row_hashes(keys.select(pl.lit(config.salt).alias(""), pl.all()))


def fair(rows: pl.DataFrame, contract: Contract, config: HashSplit) -> Places:
    """The places of few rows: parts as large as asked, also of each label, twins kept together.

    Within a label, rows go by their hash to the first part that has room; the largest groups of
    rows with one key go first.
    """
    labels = rows[contract.target].cast(pl.String)
    if contract.task == "regression" or config.group is not None:
        labels = pl.repeat("", len(rows), eager=True)  # one stratum
    keys = pl.Series(hashes_of(rows.select(key_of(contract, config)), config))
    units = pl.DataFrame({"label": labels.rank("dense") - 1, "key": keys}).with_row_index()
    units = units.group_by("label", "key").agg("index", n=pl.len())
    places = np.empty(len(rows), np.int8)
    room = _room(np.bincount(labels.rank("dense").to_numpy() - 1), config)
    for label, _, members, n in units.sort(
        "n", "label", "key", descending=[True, False, False]
    ).rows():
        fits = [place for place in (TEST, VALIDATION, TRAIN) if room[label, place] >= n]
        place = fits[0] if fits else int(room[label].argmax())
        room[label, place] -= n
        places[members] = place
    return places


def _room(sizes: npt.NDArray[np.int64], config: HashSplit) -> npt.NDArray[np.int64]:
    """Rows ``[labels, splits]``: what was asked to within one row, in all and in each label."""
    room = np.zeros((len(sizes), len(SPLITS)), np.int64)
    for place, share in ((TEST, config.test), (VALIDATION, config.validation)):
        ends = np.floor(np.cumsum(sizes) * share + 0.5).astype(np.int64)
        room[:, place] = np.diff(ends, prepend=0)
    room[:, TRAIN] = sizes - room.sum(axis=1)
    return room


def _midnight(day: date, contract: Contract) -> datetime:
    """When the day begins in the contract's zone, in UTC."""
    return datetime.combine(day, time.min, tzinfo=contract.zone).astimezone(UTC)
