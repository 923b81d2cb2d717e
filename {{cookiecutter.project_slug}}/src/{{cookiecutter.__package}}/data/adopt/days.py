"""Days at which the rows are cut into training, validation and test rows."""

from datetime import date

import numpy as np
import pyarrow as pa

from ...contract import Contract


def days(contract: Contract, rows: pa.Table) -> tuple[date, date] | None:
    """First local days of the last 30 % and 20 % of the rows, where each split can be judged."""
    if contract.time is None:
        return None
    moments = rows[contract.time].to_pylist()
    days = np.array(
        [moment.astimezone(contract.zone).date() for moment in moments], "datetime64[D]"
    )
    known = np.unique(days)
    if len(known) < 3:
        return None
    ordered = np.sort(days)
    first = max(ordered[int(0.7 * len(days))], known[1])
    last = max(ordered[int(0.8 * len(days))], first + np.timedelta64(1, "D"))
    place = np.searchsorted([first, last], days, side="right")
    labels = np.array([str(value) for value in rows[contract.target].to_pylist()], object)
    least = 1 if contract.task == "regression" else 2
    for split in range(3):
        if len(set(labels[place == split])) < least:
            return None
    return first.astype(date), last.astype(date)
