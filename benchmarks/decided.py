"""Who calls what drifted: the project's decision and Evidently's default rule on the same columns.

Run: python decided.py SEEDS DATA [quick], with the folder of the flights' data. The last
line is JSON: the rows of monitor.py's tables.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

warnings.simplefilter("ignore")

N_REFERENCE, N_COLUMNS, N_WEEKS, N_BEFORE = 20_000, 50, 12, 8
SIZES = (50, 300, 3_000, 100_000)
EPOCH = date(1970, 1, 1)
THRESHOLD = 0.1  # of monitor.data_drift


def ours(profiles: Any, columns: Any) -> set[str]:
    """Columns beyond ordinary."""
    from flight_delay.monitoring.decision import compare

    given = [columns[profile.name] for profile in profiles]
    found = compare("data_drift", profiles, given, THRESHOLD, 50)
    return {finding.subject for finding in found if finding.breach}


def evidentlys(reference: pd.DataFrame, current: pd.DataFrame) -> set[str]:
    """Columns that the preset's default rule calls drifted."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    texts = [n for n in reference if not pd.api.types.is_numeric_dtype(reference[n])]
    numbers = [name for name in reference if name not in texts]
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=texts)
    report = Report([ValueDrift(column=name) for name in reference])
    snapshot = report.run(
        Dataset.from_pandas(current, definition), Dataset.from_pandas(reference, definition)
    )
    drifted = set()
    for found in snapshot.dict()["metrics"]:
        config = found["config"]
        least = "p_value" in config["method"].replace("-", "_").replace(" ", "_")
        value, limit = float(found["value"]), config["threshold"]
        if value < limit if least else value >= limit:
            drifted.add(config["column"])
    return drifted


def seeds(n_seeds: int, sizes: tuple[int, ...]) -> list[tuple[str, ...]]:
    """False alarms by window, and detections by column, by rows in a window."""
    from flight_delay.models.profile import describe

    rows: list[tuple[str, ...]] = []
    for n in sizes:
        random = np.random.default_rng(n)
        reference = {f"x{i}": random.normal(size=N_REFERENCE) for i in range(N_COLUMNS)}
        weeks = np.arange(N_REFERENCE) * 14 // N_REFERENCE
        profiles = [describe(name, column, weeks) for name, column in reference.items()]
        frame, alarms, found, n_windows = pd.DataFrame(reference), [0, 0], [0, 0], 0
        for _ in range(max(2, n_seeds // (1 + n // 10_000))):
            calm = {name: random.normal(size=n) for name in reference}
            moved = {name: column + 0.5 for name, column in calm.items()}
            n_windows += 1
            for columns, count in ((calm, alarms), (moved, found)):
                told = (ours(profiles, columns), evidentlys(frame, pd.DataFrame(columns)))
                for place, names in enumerate(told):
                    count[place] += bool(names) if count is alarms else len(names)
        n_moved = n_windows * N_COLUMNS
        rows.append(
            (
                f"{n:,}",
                f"{alarms[0]} of {n_windows}",
                f"{alarms[1]} of {n_windows}",
                f"{found[0] / n_moved:.1%}",
                f"{found[1] / n_moved:.1%}",
            )
        )
        print(rows[-1], flush=True)
    return rows


def flights(folder: str) -> tuple[list[tuple[str, ...]], float]:
    """Each of the last training weeks beside the weeks before it."""
    alarms, judged = [0, 0], 0
    for week, profiles, past, now in weeks(folder, ("train",), -N_WEEKS):
        mine = ours(profiles, now)
        theirs = evidentlys(pd.DataFrame(past).sample(5_000, random_state=0), pd.DataFrame(now))
        print(week, sorted(mine), sorted(theirs), flush=True)
        judged += len(profiles)
        alarms = [alarms[0] + len(mine), alarms[1] + len(theirs)]
    rows: list[tuple[str, ...]] = [
        (name, f"{judged}", f"{count}", f"{count / judged:.1%}")
        for name, count in zip(("ours", "Evidently's default rule"), alarms, strict=True)
    ]
    return rows, alarms[0] / judged


def year(folder: str) -> tuple[list[tuple[str, str]], int]:
    """The weeks in which something went beyond ordinary, and how many were judged."""
    from flight_delay.monitoring.decision import compare

    rows, n_weeks = [], 0
    for week, profiles, _, now in weeks(folder, ("train", "validation", "test"), N_BEFORE):
        columns = [now[profile.name] for profile in profiles]
        found = compare("data_drift", profiles, columns, THRESHOLD, 50)
        told = [
            f"{f.subject}{' (missing)' * (f.measure == 'missing')} {f.value:.2f} of {f.limit:.2f}"
            for f in found
            if f.breach
        ]
        n_weeks += 1
        if told:
            rows.append((str(week), ", ".join(told)))
    return rows, n_weeks


def weeks(folder: str, splits: tuple[str, ...], first: int) -> Iterator[tuple[Any, ...]]:
    """Each whole week from the given one on: its Monday, the profiles and columns of all weeks
    before it, and its own columns.
    """
    from flight_delay.data.dataset import current
    from flight_delay.models.days import first_day, local_days, windows_of
    from flight_delay.models.profile import columns_of, describe
    from flight_delay.models.tables import from_table

    dataset = current(Path(folder))
    contract = dataset.contract
    inputs = from_table(contract, pa.concat_tables(dataset.read(split) for split in splits))
    seconds = inputs.time[:, contract.times.index(contract.time)]
    numbers = windows_of(local_days(seconds, contract.zone), 7)
    whole = np.unique(numbers)[1:-1]
    for week in whole[first:]:
        before, at = np.isin(numbers, whole[whole < week]), numbers == week
        past = columns_of(contract, inputs[before])
        now = columns_of(contract, inputs[at])
        profiles = [describe(name, column, numbers[before]) for name, column in past.items()]
        yield EPOCH + timedelta(days=int(first_day(int(week), 7))), profiles, past, now


def main() -> None:
    """Print the tables and the targets."""
    quick = "quick" in sys.argv
    table, share = flights(sys.argv[2])
    changes, n_judged = year(sys.argv[2])
    found = seeds(int(sys.argv[1]), SIZES[:3] if quick else SIZES)
    false = [int(row[1].split()[0]) / int(row[1].split()[-1]) for row in found]
    power = [float(row[3].rstrip("%")) / 100 for row in found[1:]]
    targets = [
        ("false alarms in at most 1 % of windows", f"{max(false):.1%}", max(false) <= 0.01),
        ("0.5 σ found in 95 % from 300 rows on", f"{min(power):.1%}", min(power) >= 0.95),
        ("at most 5 % on the flights' held-out weeks", f"{share:.1%}", share <= 0.05),
    ]
    told = [
        {"text": text, "measured": value, "reached": "yes" if good else "**no**"}
        for text, value, good in targets
    ]
    flown = {"flights": table, "n_weeks": N_WEEKS, "year": changes, "n_judged": n_judged}
    print(json.dumps({"seeds": found, **flown, "targets": told}))


if __name__ == "__main__":
    main()
