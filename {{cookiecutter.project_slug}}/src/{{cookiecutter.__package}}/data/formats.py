"""Timestamps that are written otherwise than ISO 8601, as the contract's ``formats`` say."""

from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from ..values import SPACES
from .convert import MOMENT, WALL, settle

UTC, SAID_UTC = ZoneInfo("UTC"), (" UTC", " GMT", "Z")
COMPACT = "%Y%m%d"
EPOCHS = {"epoch_s": 1_000_000, "epoch_ms": 1_000}
"""Microseconds in the unit of each."""
SANE = {
    COMPACT: (19_000_101, 21_001_231),
    "epoch_s": (5 * 10**8, 3 * 10**9),
    "epoch_ms": (5 * 10**11, 3 * 10**12),
}
"""Numbers that may be times, and between which ends."""
FIRST = -30_610_224_000_000_000
"""Of the year 1000, before which a year of two digits was taken for one of four."""


def read(texts: pa.Array, format_: str, zone: ZoneInfo) -> pa.Array:
    """Texts to UTC microseconds; null for one that is not written so.

    ``format_`` is of ``strptime``, or ``epoch_s`` or ``epoch_ms`` for seconds or milliseconds since
    1970 in UTC. What does not end in UTC, GMT or Z is local to ``zone``.
    """
    texts = pc.utf8_trim(texts.cast(pa.string()), SPACES)
    if format_ in SANE:
        digits = pc.replace_substring_regex(texts, r"\.0*$", "")
        whole = pc.match_substring_regex(digits, r"^[0-9]{8,13}$")
        numbers = pc.if_else(whole, digits, pa.scalar(None, pa.string())).cast(pa.int64())
        low, high = SANE[format_]
        sane = pc.and_(pc.greater_equal(numbers, low), pc.less_equal(numbers, high))
        if format_ in EPOCHS:
            numbers = pc.if_else(sane, numbers, pa.scalar(None, pa.int64()))
            return pc.multiply(numbers, EPOCHS[format_]).cast(MOMENT)
        texts = pc.if_else(sane, digits, pa.scalar(None, pa.string()))
    zone = UTC if format_.endswith(SAID_UTC) else zone
    wall = pc.strptime(texts, format_, "us", error_is_null=True).cast(WALL)
    long_ago = pc.less(wall.cast(pa.int64()), FIRST)
    return settle(pc.if_else(long_ago, pa.scalar(None, WALL), wall), "timestamp", zone)
