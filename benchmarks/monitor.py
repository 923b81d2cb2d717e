"""Measures monitoring: one window of a million logged rows, and its decision beside Evidently's.

Run: make benchmark ARGS=monitor, or python benchmarks/monitor.py [--quick] in the project's
environment.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median
from typing import Any

from measuring import HERE, WORK, fresh, interleaved, keep
from page import Target, provenance, publish, table, targets
from projects import project_for

LIBRARIES = ("evidently", "numpy", "pyarrow", "scipy")
ENTRIES = {
    "lines": "**`monitor`**, of lines",
    "again": "**`monitor`** once more",  # of what "lines" has just judged
    "compacted": "**`monitor`**, of compacted days",
    "evidently": "Evidently's `DataDriftPreset`, the rows in memory",
}
MOST_S, MOST_MIB = 60, 1024
SEED_HEADER = (
    "rows in a window",
    "false alarms: ours",
    "Evidently",
    "0.5 σ found: ours",
    "Evidently",
)


def main() -> None:
    """Measure both parts and write the section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rows, one round, shown only")
    quick = parser.parse_args().quick
    n_rows, n_rounds, n_seeds = (20_000, 1, 5) if quick else (1_000_000, 3, 40)
    folder = WORK / f"monitor-{n_rows}"
    fresh(HERE / "monitored.py", "make", folder, str(n_rows))
    rounds = interleaved(ENTRIES, n_rounds, lambda name: once(name, folder))
    keep("monitor", rounds)
    data = project_for("flights", 0, WORK / "monitor-flights") / "data"
    decided = fresh(HERE / "decided.py", str(n_seeds), data, *(["quick"] if quick else []))
    keep("monitor", {**rounds, "decided": [decided]})
    publish("monitor", section(rounds, decided, n_rows, n_rounds), quick=quick)


def once(name: str, folder: Path) -> dict[str, Any]:
    """Seconds and peak memory of one run in a process of its own."""
    return fresh(HERE / "monitored.py", name, folder)


def section(
    rounds: dict[str, list[dict[str, Any]]], decided: dict[str, Any], n_rows: int, n_rounds: int
) -> str:
    """What BENCHMARKS.md says."""
    rows = [
        (
            title,
            f"{median(r['wall_s'] for r in rounds[name]):.1f}",
            f"{median(r['cpu_s'] for r in rounds[name]):.1f}",
            f"{median(r['peak_mib'] for r in rounds[name]):,.0f}",
        )
        for name, title in ENTRIES.items()
    ]
    return f"""## Monitoring

One week of {n_rows:,} logged rows, 80 numbers and 20 categories, of requests of ten rows: read from
the log, cut into its window, judged, kept in the history. The HTML report is not drawn. Evidently's
preset gets the same columns as a data frame in memory, and {n_rows // 20:,} reference rows.
Medians of {n_rounds} interleaved rounds, each in a fresh process, imports included.

{table(("", "wall, s", "CPU, s", "peak memory, MiB"), rows)}

{decision(decided)}

{targets(reached(rounds, decided, n_rows))}

{provenance("monitor", LIBRARIES)}"""


def decision(decided: dict[str, Any]) -> str:
    """The part about what is reported as drift."""
    n_weeks, n_changed = decided["n_judged"], len(decided["year"])
    return f"""### The decision

Windows of 50 independent normal columns against a reference of 20,000 rows in 14 weeks: in how
many windows is a column reported that did not change; and how many of the columns are found that
moved by half a standard deviation. Evidently decides by its default rule: its own choice of a test
for each column.

{table(SEED_HEADER, decided["seeds"])}

The flights' own training weeks: each of the last {decided["n_weeks"]} is left out in turn, the
columns are profiled in the weeks before it, and it is judged. A false alarm is a column outside its
reference range.

{table(("", "columns judged", "false alarms", "share"), decided["flights"])}

When and where 2013 changed: each of its weeks from the ninth on, judged by all weeks before it, and
how far a column moved, in standard deviations or as a share of rows, beside its limit. In the other
{n_weeks - n_changed} of {n_weeks} weeks no column was outside its reference range.

{table(("week from", "outside the reference range"), decided["year"])}"""


def reached(
    rounds: dict[str, list[dict[str, Any]]], decided: dict[str, Any], n_rows: int
) -> list[Target]:
    """What was to be reached, the worse of the two forms of a log, and what was."""
    slowest, largest = (
        max(median(r[of] for r in rounds[name]) for name in ("lines", "compacted"))
        for of in ("wall_s", "peak_mib")
    )
    return [
        Target(
            text=f"{n_rows:,} rows × 100 columns within {MOST_S} s",
            measured=f"{slowest:.1f} s",
            reached="yes" if slowest <= MOST_S else "**no**",
        ),
        Target(
            text="within 1 GiB",
            measured=f"{largest:,.0f} MiB",
            reached="yes" if largest <= MOST_MIB else "**no**",
        ),
        *(Target(**target) for target in decided["targets"]),
    ]


if __name__ == "__main__":
    main()
