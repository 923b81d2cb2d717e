"""In which forms other than ISO 8601 timestamps are commonly written."""

from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from ..formats import SANE, read

DAYS_OF_ANY_ORDER = ("%m/%d/%Y", "%d/%m/%Y", "%m-%d-%Y", "%d-%m-%Y", "%m/%d/%y", "%d/%m/%y")
DAYS = (
    *DAYS_OF_ANY_ORDER,
    *("%d.%m.%Y", "%d.%m.%y", "%Y/%m/%d", "%Y.%m.%d", "%Y-%m-%d"),
    *("%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%b %d, %Y", "%b %d %Y"),
)
MONTHS = ("%b-%Y", "%b %Y", "%Y-%m")
HOURS = (" %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S")
ENDS = ("", " UTC")
FORMATS = (*DAYS, *MONTHS, *(day + hour + end for day in DAYS for hour in HOURS for end in ENDS))


def candidates(texts: pa.Array, zone: ZoneInfo) -> list[str]:
    """The formats in which nearly all texts are written; several where days and months mix."""
    least = 0.9 * len(texts)
    numbers = pc.all(pc.match_substring_regex(texts, r"^\s*[0-9]+(\.0*)?\s*$")).as_py()
    formats = SANE if numbers else FORMATS
    return [f for f in formats if len(texts) - read(texts, f, zone).null_count >= least]


def other_order(format_: str) -> str:
    """The same with day and month exchanged."""
    return format_.replace("%d", "%_").replace("%m", "%d").replace("%_", "%m")
