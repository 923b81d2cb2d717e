"""The data job beside plain converters and a pandas pipeline: time, memory, ratios.

Run by run.py: etl.py [--quick]. It fails when a pipeline counts other rows than were written.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import page
from measuring import WORK, Speed, fresh, interleaved, keep, reached, speed
from page import Target

N_ROUNDS, REPETITIONS, N_PLANTED, N_TIMES = 5, 10, 1000, 5
GIB = 1024**3
LIBRARIES = ("polars", "duckdb", "pyarrow", "pandas", "numpy")
TITLE = "## The data job: CSV to a dataset version"
WHAT = """\
{rows:,} flights of 19 columns. The first three infer types, write one Parquet file and check
nothing. pandas and the data job hold all columns to one
[contract](benchmarks/pipelines/contract.yaml) (types, gaps, ranges, allowed values), set bad rows
aside with their line numbers, drop repeated rows, compute the target and split by date. The data
job also compares repeated rows by 128 bits of hash, fingerprints what goes in and what comes out,
looks for leaks, and replaces its output in one step. The planted faults are {planted:,}
texts in a number's place and as many repeated lines; every count, and the line of every row in
quarantine, was checked."""
HOW = """\
Medians of {n_rounds} interleaved rounds, in brackets their range. Each run is a fresh process;
imports are not timed, and the input is in the page cache."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A pipeline and the file that it is given."""

    pipeline: str
    """Its module in pipelines/."""
    title: str
    input: str = "clean"
    plain: bool = False
    """Whether it converts and does nothing else."""


ENTRIES = {
    "polars": Entry(pipeline="polars_sink", title="polars `sink_parquet`", plain=True),
    "duckdb": Entry(pipeline="duckdb_copy", title="DuckDB `COPY`", plain=True),
    "pyarrow": Entry(pipeline="pyarrow_stream", title="pyarrow stream", plain=True),
    "pandas": Entry(pipeline="pandas_chunks", title="pandas, chunks of 100,000 rows"),
    "ours": Entry(pipeline="data_job", title="**data job**"),
    "dirty": Entry(pipeline="data_job", title="**data job**, faults planted", input="dirty"),
}


@dataclass(frozen=True, kw_only=True)
class Input:
    """A file and what must be found in it."""

    path: Path
    expected: Mapping[str, Any]

    @property
    def n_rows(self) -> int:
        """Lines without the header."""
        return int(self.expected["rows"])


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One process, whose counts were right."""

    seconds: float
    cpu_s: float
    peak_bytes: int


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What was measured."""

    inputs: Mapping[str, Input]
    rounds: Mapping[str, list[Measured]]
    larger: Measured
    """Ours, once, on more rows."""

    def seconds(self, name: str) -> list[float]:
        """Of each round."""
        return [one.seconds for one in self.rounds[name]]

    def peak_gib(self, name: str) -> float:
        """Of the round that took most."""
        return max(one.peak_bytes for one in self.rounds[name]) / GIB

    @property
    def fastest(self) -> str:
        """The plain converter beside which ours is slowest, round by round."""
        plain = [name for name, entry in ENTRIES.items() if entry.plain]
        return min(plain, key=lambda name: self.beside("ours", name).median)

    def cpu_s(self, name: str) -> list[float]:
        """Processor time of each round."""
        return [one.cpu_s for one in self.rounds[name]]

    def beside(self, name: str, peer: str) -> Speed:
        """How fast one is in processor time, where 1 is the peer."""
        return speed(self.cpu_s(name), self.cpu_s(peer))


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    figures = measure(2, 1) if quick else measure(REPETITIONS, N_ROUNDS)
    page.publish("etl", section(figures), quick=quick)


def measure(repetitions: int, n_rounds: int) -> Figures:
    """All in rounds, then the data job once on more rows; that file is made last."""
    inputs = {"clean": make("clean", repetitions), "dirty": make("dirty", repetitions, N_PLANTED)}
    rounds = interleaved(
        ENTRIES, n_rounds, lambda name: once(ENTRIES[name].pipeline, inputs[ENTRIES[name].input])
    )
    keep("etl", {name: [asdict(one) for one in found] for name, found in rounds.items()})
    inputs["larger"] = make("larger", repetitions * N_TIMES)
    print(f"once  ours, {inputs['larger'].n_rows:,} rows", flush=True)
    larger = once("data_job", inputs["larger"])
    for made in inputs.values():
        made.path.unlink()
    return Figures(inputs=inputs, rounds=rounds, larger=larger)


def make(name: str, repetitions: int, n_planted: int = 0) -> Input:
    """Write a file, in a process of its own so that this one stays small."""
    path = WORK / f"{name}.csv"
    made = Input(path=path, expected=fresh("flights.py", path, str(repetitions), str(n_planted)))
    print(f"made  {path.name}  {made.n_rows:,} rows, {path.stat().st_size / 1e6:.0f} MB")
    return made


def once(pipeline: str, given: Input) -> Measured:
    """Run a pipeline in a fresh process and folder, and check what it counted."""
    folder = WORK / "out"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    result = fresh("-m", "pipelines", pipeline, given.path, folder)
    shutil.rmtree(folder)
    wrong = [
        f"{name} is {counted}, but the file was written with {given.expected[name]}"
        for name, counted in result.pop("counts").items()
        if counted != given.expected[name]
    ]
    if wrong:
        raise SystemExit(f"{pipeline} on {given.path.name}: {'; '.join(wrong)}")
    return Measured(**result)


def section(figures: Figures) -> str:
    """The page's section."""
    peer = ENTRIES[figures.fastest].title
    header = ("", "wall, s", "CPU, s", "rows/s", f"speed by CPU ({peer} = 1)", "peak memory, GiB")
    planted = figures.inputs["dirty"].expected["rejected"]
    parts = [
        TITLE,
        WHAT.format(rows=figures.inputs["clean"].n_rows, planted=planted),
        HOW.format(n_rounds=len(figures.seconds("ours"))),
        page.table(header, [*(row(name, figures) for name in ENTRIES), last_row(figures)]),
        page.targets(targets(figures)),
        reading(figures),
        page.provenance("etl", LIBRARIES),
    ]
    return "\n\n".join(parts)


def row(name: str, figures: Figures) -> tuple[str, ...]:
    """One entry's line of the table."""
    entry, seconds = ENTRIES[name], median(figures.seconds(name))
    return (
        entry.title,
        f"{seconds:.2f}",
        f"{median(figures.cpu_s(name)):.2f}",
        f"{figures.inputs[entry.input].n_rows / seconds:,.0f}",
        "1" if name == figures.fastest else str(figures.beside(name, figures.fastest)),
        f"{figures.peak_gib(name):.2f}",
    )


def last_row(figures: Figures) -> tuple[str, ...]:
    """The larger file's line."""
    n_rows, larger = figures.inputs["larger"].n_rows, figures.larger
    return (
        f"**data job**, {n_rows:,} rows, once",
        f"{larger.seconds:.2f}",
        f"{larger.cpu_s:.2f}",
        f"{n_rows / larger.seconds:,.0f}",
        "–",
        f"{larger.peak_bytes / GIB:.2f}",
    )


def targets(figures: Figures) -> Iterator[Target]:
    """What is to be reached."""
    for text, peer, least in (
        ("at least 0.4 × the fastest plain converter", figures.fastest, 0.4),
        ("at least 1.5 × pandas", "pandas", 1.5),
    ):
        found = figures.beside("ours", peer)
        verdict = reached(found.ratios, least=least)
        yield Target(text=text, measured=str(found), reached=verdict)
    for text, peak_gib in (
        ("at most 1 GiB", max(figures.peak_gib("ours"), figures.peak_gib("dirty"))),
        (
            f"at most 1 GiB at {N_TIMES} times the rows, without faults",
            figures.larger.peak_bytes / GIB,
        ),
    ):
        verdict = "yes" if peak_gib <= 1 else "**no**"
        yield Target(text=text, measured=f"{peak_gib:.2f} GiB", reached=verdict)


def reading(figures: Figures) -> str:
    """What the figures say."""
    peer = ENTRIES[figures.fastest].title
    longer = 1 / figures.beside("ours", figures.fastest).median
    faults = 1 / figures.beside("dirty", "ours").median
    growth = figures.larger.peak_bytes / GIB / figures.peak_gib("ours")
    return (
        f"The data job takes {longer:.1f} times the processor time that {peer} takes to convert the"
        f" file, and runs at {figures.beside('ours', 'pandas').median:.1f} times the speed of the"
        f" pandas pipeline. With the planted faults it takes {faults:.2f} times as much as without,"
        f" and {N_TIMES} times the rows take {growth:.1f} times the memory."
    )


if __name__ == "__main__":
    main()
