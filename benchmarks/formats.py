"""CSV beside Parquet under three compressions: write, read, size, and what is usually claimed.

Run by run.py: formats.py [--quick]. In a fresh process: formats.py --once FORMAT PARQUET.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import flights
import page
import pandas as pd
from measuring import WORK, fresh, interleaved, keep

N_ROUNDS, N_ROWS, REPETITIONS = 3, 1_000_000, 3
QUICK_ROWS = 50_000
LIBRARIES = ("pandas", "pyarrow")
WHAT = """\
{n_rows:,} flights of 19 columns by pandas: `to_csv` and `read_csv`, `to_parquet` and
`read_parquet`. Medians of {n_rounds} interleaved rounds, each format in a fresh process, files in
the page cache. Beside them stands what is usually claimed for a million rows; of which, and on what
machine, is not said."""
MEASURES = ("write_s", "read_s", "mb")


@dataclass(frozen=True, kw_only=True)
class Format:
    """A file format."""

    title: str
    compression: str | None = None


FORMATS = {
    "csv": Format(title="CSV"),
    "none": Format(title="Parquet, uncompressed"),
    "snappy": Format(title="Parquet, snappy", compression="snappy"),
    "zstd": Format(title="Parquet, zstd", compression="zstd"),
}
CLAIMED = {"csv": (4.2, 1.9, 73), "none": (0.4, 0.15, 38), "snappy": (0.5, 0.16, 27)}
"""The same figures as they are usually given: seconds to write and to read, megabytes."""
Rounds = Mapping[str, Sequence[Mapping[str, float]]]


def main() -> None:
    """Measure one format in this process, or all of them in rounds of fresh ones."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--once", nargs=2, metavar=("FORMAT", "PARQUET"))
    given = parser.parse_args()
    if given.once:
        name, path = given.once
        print(json.dumps(once(name, Path(path))))
        return
    n_rows, n_rounds = (QUICK_ROWS, 1) if given.quick else (N_ROWS, N_ROUNDS)
    rows = sample(n_rows)
    measured = interleaved(FORMATS, n_rounds, lambda name: fresh(__file__, "--once", name, rows))
    rows.unlink()
    keep("formats", measured)
    page.publish("formats", section(measured, n_rows), quick=given.quick)


def sample(n_rows: int) -> Path:
    """The first flights as `read_csv` types them, kept as Parquet."""
    csv, path = WORK / "formats.csv", WORK / "formats.parquet"
    flights.make(csv, REPETITIONS, planted=0)
    pd.read_csv(csv, nrows=n_rows).to_parquet(path)
    csv.unlink()
    return path


def once(name: str, rows: Path) -> dict[str, float]:
    """Write the rows and read them back; loading them before is not timed."""
    frame = pd.read_parquet(rows)
    path = rows.with_suffix(f".{name}")
    began = time.perf_counter()
    write(frame, path, name)
    written = time.perf_counter()
    again = read(path, name)
    ended = time.perf_counter()
    if again.shape != frame.shape:
        raise SystemExit(f"{name} gave back {again.shape} rows and columns of {frame.shape}")
    size = path.stat().st_size
    path.unlink()
    return {"write_s": written - began, "read_s": ended - written, "mb": size / 1e6}


def write(frame: pd.DataFrame, path: Path, name: str) -> None:
    """As one writes it who sets nothing but the compression."""
    if name == "csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path, compression=FORMATS[name].compression)


def read(path: Path, name: str) -> pd.DataFrame:
    """All of it."""
    return pd.read_csv(path) if name == "csv" else pd.read_parquet(path)


def section(measured: Rounds, n_rows: int) -> str:
    """The page's section."""
    found = {
        name: [median(one[measure] for one in rounds) for measure in MEASURES]
        for name, rounds in measured.items()
    }
    header = ("", "write, s", "read, s", "MB", "claimed: write, s", "read, s", "MB")
    rows = [(FORMATS[name].title, *texts(found[name]), *claimed(name)) for name in FORMATS]
    return "\n\n".join(
        [
            "## File formats: CSV and Parquet",
            WHAT.format(n_rows=n_rows, n_rounds=len(measured["csv"])),
            page.table(header, rows),
            reading(found),
            page.provenance("formats", LIBRARIES),
        ]
    )


def texts(figures: Sequence[float]) -> tuple[str, str, str]:
    """Seconds to write, seconds to read, megabytes."""
    write_s, read_s, mb = figures
    return f"{write_s:.2f}", f"{read_s:.2f}", f"{mb:.0f}"


def claimed(name: str) -> list[str]:
    """The usual figures, or that there are none."""
    return [f"{figure:g}" for figure in CLAIMED[name]] if name in CLAIMED else ["–"] * 3


def reading(found: Mapping[str, Sequence[float]]) -> str:
    """Snappy, which is the default, beside CSV: here and as claimed."""
    ours = [csv / snappy for csv, snappy in zip(found["csv"], found["snappy"], strict=True)]
    theirs = [csv / snappy for csv, snappy in zip(CLAIMED["csv"], CLAIMED["snappy"], strict=True)]
    return (
        "Snappy-compressed Parquet, which is pandas' default, beside CSV: written"
        f" {ours[0]:.1f} times as fast (claimed {theirs[0]:.1f}), read {ours[1]:.1f} times as fast"
        f" (claimed {theirs[1]:.1f}), {ours[2]:.1f} times smaller (claimed {theirs[2]:.1f})."
    )


if __name__ == "__main__":
    main()
