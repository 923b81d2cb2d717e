"""A cell's one form, whichever of CSV, Parquet, SQL or JSON it came from."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

MISSING_CATEGORY = "<missing>"
MISSING_TIME = -(2**63)
SPACES = " \t\n\r\v\f"
ANY_SPACES = f"{SPACES}\xa0\u2007\u202f"
EPOCH, SECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(seconds=1)


def canonical_category(value: object) -> str:
    """A category's text: ``1``, ``1.0`` and ``"1"`` are one, as are ``true`` and ``"True"``.

    ``None`` and NaN are ``MISSING_CATEGORY``. ``data.cast`` says the same as an expression.
    """
    if value is None or value != value:
        return MISSING_CATEGORY
    text = str(value).strip(ANY_SPACES)
    if text in {"True", "TRUE", "False", "FALSE"}:
        return text.lower()
    return re.sub(r"^(-?[0-9]+)\.0+$", r"\1", text) if text[-1:] == "0" else text


def epoch_seconds(value: datetime | None, zone: ZoneInfo) -> int:
    """Whole seconds since 1970 in UTC, cut towards the past; ``None`` is ``MISSING_TIME``.

    A naive time is local to ``zone``: the later of two where clocks are set back, moved on by the
    gap where they are set forward, as the ETL engine reads it.
    """
    if value is None:
        return MISSING_TIME
    if value.tzinfo is None:
        later = value.replace(tzinfo=zone, fold=1)
        exists = later.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == value
        value = later if exists else later.replace(fold=0)
    return (value - EPOCH) // SECOND


def json_value(value: Any) -> Any:
    """A cell as JSON: times in ISO 8601 with zone (UTC where they have none), NaN as null."""
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.isoformat().replace("+00:00", "Z")
    return None if value != value else value
