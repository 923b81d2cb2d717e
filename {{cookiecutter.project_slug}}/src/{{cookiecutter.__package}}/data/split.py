"""Which split a row belongs to."""

from datetime import UTC, datetime, time
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from ..config import DateSplit, HashSplit, RecentSplit, SplitConfig
from ..contract import Contract
from ..errors import ConfigError, DataError
from .validate import KEY, ROW

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
SMALL_ROWS = 10_000
"""Up to so many rows, a split by hash has exactly the shares that were asked for."""
Hashes = npt.NDArray[np.uint64]


def places(
    rows: pl.LazyFrame, good: pl.Expr, contract: Contract, split: SplitConfig
) -> tuple[pl.Expr, DateSplit | None]:
    """The place of each good row in ``SPLITS``, and the dates of a split by time."""
    if isinstance(split, HashSplit):
        if rows.select(pl.len()).collect(engine="streaming").item() > SMALL_ROWS:
            return by_hash(contract, split), None
        few = rows.filter(good).collect().sort(ROW)
        few = few.unique(contract.id or ROW, keep="first", maintain_order=True)
        dealt = stratified_places(few, contract, split)
        number = pl.col(ROW).replace_strict(few[ROW], dealt, default=None, return_dtype=pl.Int8)
        return number, None
    if contract.time is None:
        raise ConfigError(
            "a split by date needs a time; name a timestamp column as time: in contract.yaml,"
            " or say by: hash or by: group under split: in data.yaml"
        )
    if isinstance(split, RecentSplit):  # bad rows must not move the dates
        newest = rows.filter(good).select(pl.col(contract.time).max())
        moment = newest.collect(engine="streaming").item()
        if moment is None:
            raise DataError(
                "no row has a label and breaks no rule, so there is no newest row to split by;"
                " compare the sources and data/transform.py with the rules of contract.yaml"
            )
        split = split.until(moment.astimezone(contract.zone).date())
    return by_date(contract, split), split


def by_date(contract: Contract, split: DateSplit) -> pl.Expr:
    """The place in ``SPLITS``: how many of two local midnights a row has behind it."""
    moment, days = pl.col(str(contract.time)), (split.validation_from, split.test_from)
    cuts = [datetime.combine(day, time.min, tzinfo=contract.zone).astimezone(UTC) for day in days]
    return pl.sum_horizontal((moment >= pl.lit(cut)).cast(pl.Int8) for cut in cuts)


def by_hash(contract: Contract, split: HashSplit) -> pl.Expr:
    """The place in ``SPLITS`` by a cut of a hash's range: test below, then validation, then train.

    A row's place depends on its key alone, hence rows that come later move none.
    """
    cuts = [round(share * 2**32) for share in (split.test, split.test + split.validation)]

    def assign(keys: pl.Series) -> pl.Series:
        hashes = row_hashes(keys.struct.unnest()) >> np.uint64(32)
        return pl.Series(2 - np.searchsorted(cuts, hashes, side="right"), dtype=pl.Int8)

    return _key(contract, split).map_batches(assign, pl.Int8, is_elementwise=True)


def _key(contract: Contract, split: HashSplit) -> pl.Expr:
    """What decides: the group, or the id and its label, or without an id all columns."""
    columns = [contract.id, contract.target] if contract.id else [*contract.columns]
    if alone := split.group or (contract.id if contract.task == "regression" else None):
        columns = [alone]
    return pl.struct(columns).alias(KEY)


def row_hashes(rows: pl.DataFrame | pa.Table) -> Hashes:
    """A number for each row, equal in every version; rows that differ have two, but for one in 2⁶⁴."""
    from pandas.util import hash_pandas_object  # 50 MB, for which who only reads has no use

    hashes: Hashes = hash_pandas_object(rows.to_pandas(), index=False).to_numpy()
    return hashes


def stratified_places(rows: pl.DataFrame, contract: Contract, split: HashSplit) -> pl.Series:
    """The places of few rows: parts as large as asked, also of each label, to within a row or two.

    Rows with one key stay together. By label, and then by hash, they are dealt to the part that
    lacks most.
    """
    labels = rows[contract.target].cast(pl.String)
    if contract.task == "regression" or split.group is not None:
        labels = pl.repeat("", len(rows), eager=True)
    keys = row_hashes(rows.select(_key(contract, split)).unnest(KEY))
    units = pl.DataFrame({"label": labels, "key": keys}).with_row_index("row")
    units = units.group_by("label", "key").agg("row").sort("label", "key")
    shares = np.array([1 - split.validation - split.test, split.validation, split.test])
    dealt, places = np.zeros(len(SPLITS)), np.empty(len(rows), np.int8)
    for members in units["row"]:
        place = int(np.argmax(shares * (dealt.sum() + len(members)) - dealt))
        dealt[place] += len(members)
        places[members.to_numpy()] = place
    return pl.Series(places)
