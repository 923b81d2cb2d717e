"""Batch scoring beside a bare onnxruntime loop over the same Parquet file: time, memory, ratios.

Run by run.py: score.py [--quick]. The ways of scoring are the files of scoring/. It fails when two
of them answer one row differently.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median

import page
from measuring import WORK, Speed, fresh, interleaved, keep, reached, speed
from page import Target
from projects import command, project_for

N_ROUNDS, REPETITIONS = 5, 10
MIB, LEAST = 1024**2, 0.9
LIBRARIES = ("onnxruntime", "pyarrow", "lightgbm", "torch", "numpy")
KINDS = {"mlp": "an MLP", "lightgbm": "LightGBM"}
WHAT = """\
{n_rows:,} rows: {repetitions} times those of the flights' dataset. The bare loop reads the features
from Parquet, feeds the graph on one thread and writes probabilities; it checks nothing and names no
row. `score` is the command: it holds every row to the contract and writes id, probability, decision
and warnings into one file that names its model and version, whole or not at all. It answers on all
cores unless said otherwise. The probabilities of all entries were compared, bit for bit."""
HOW = """\
Medians of {n_rounds} interleaved rounds, in brackets their range. Each run is a fresh process;
imports are not timed, opening the bundle is, and the input is in the page cache."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A way of scoring, and what it is given."""

    way: str
    """Its module in scoring/, and behind a colon its cores."""
    title: str
    input: str = "rows.parquet"


ENTRIES = {
    "bare": Entry(way="bare", title="bare loop"),
    "own": Entry(way="own", title="**`score`**"),
    "one": Entry(way="own:1", title="`score`, one core"),
    "csv": Entry(way="own", title="`score`, of CSV", input="rows.csv"),
}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One process."""

    seconds: float
    cpu_s: float
    peak_bytes: int
    n_rows: int
    hash: str
    """Of all probabilities."""


Rounds = Mapping[str, list[Measured]]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    found = measure(1, 1) if quick else measure(REPETITIONS, N_ROUNDS)
    for kind, rounds in found.items():
        keep(
            f"score-{kind}", {name: [asdict(one) for one in all_] for name, all_ in rounds.items()}
        )
    page.publish("score", section(found, 1 if quick else REPETITIONS), quick=quick)


def measure(repetitions: int, n_rounds: int) -> dict[str, Rounds]:
    """Each kind of model, trained once, in all ways."""
    project = project_for("flights", 0)
    dataset = project / "data" / "datasets"
    dataset = dataset / (dataset / "current").read_text("utf-8").strip()
    fresh("-m", "scoring.rows", dataset, str(repetitions), WORK, path=project / "src")
    found: dict[str, Rounds] = {}
    for kind in KINDS:
        print(f"train  {kind}", flush=True)
        bundles = project / f"bundles-{kind}"
        settings = (f"train.model.kind={kind}", f"train.bundles={bundles}", "train.tracker=none")
        command(project, "train", *(word for one in settings for word in ("--set", one)))
        found[kind] = interleaved(ENTRIES, n_rounds, partial(once, bundles))
        same(kind, found[kind])
    for name in ("rows.parquet", "rows.csv"):
        (WORK / name).unlink()
    return found


def once(bundles: Path, name: str) -> Measured:
    """One way, in a fresh process and folder."""
    folder = WORK / "scores"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    entry = ENTRIES[name]
    target = folder / "scored.parquet"
    source = bundles.parent / "src"
    result = fresh("-m", "scoring", entry.way, bundles, WORK / entry.input, target, path=source)
    shutil.rmtree(folder)
    return Measured(**result)


def same(kind: str, rounds: Rounds) -> None:
    """All ways must give the same to the last bit."""
    hashes = {name: {one.hash for one in found} for name, found in rounds.items()}
    if len(set.union(*hashes.values())) != 1:
        raise SystemExit(f"{kind}: not all entries gave the same probabilities: {hashes}")


def section(found: Mapping[str, Rounds], repetitions: int) -> str:
    """The page's section."""
    bare = found["mlp"]["bare"]
    header = ("", "wall, s", "CPU, s", "rows/s", "speed (bare loop = 1)", "peak memory, MiB")
    lines = [line(kind, name, rounds) for kind, rounds in found.items() for name in ENTRIES]
    return "\n\n".join(
        [
            "## Batch scoring",
            WHAT.format(n_rows=bare[0].n_rows, repetitions=repetitions),
            HOW.format(n_rounds=len(bare)),
            page.table(header, lines),
            page.targets(targets(found)),
            page.provenance("score", LIBRARIES),
        ]
    )


def line(kind: str, name: str, rounds: Rounds) -> tuple[str, ...]:
    """One entry's line of the table."""
    measured = rounds[name]
    seconds = median(one.seconds for one in measured)
    return (
        f"{KINDS[kind]}: {ENTRIES[name].title}",
        f"{seconds:.2f}",
        f"{median(one.cpu_s for one in measured):.2f}",
        f"{measured[0].n_rows / seconds:,.0f}",
        "1" if name == "bare" else str(beside(rounds, name)),
        f"{max(one.peak_bytes for one in measured) / MIB:,.0f}",
    )


def beside(rounds: Rounds, name: str) -> Speed:
    """How fast a way is, where 1 is the bare loop."""
    own, bare = ([one.seconds for one in rounds[way]] for way in (name, "bare"))
    return speed(own, bare)


def targets(found: Mapping[str, Rounds]) -> Iterator[Target]:
    """What is to be reached."""
    for kind, rounds in found.items():
        measured = beside(rounds, "own")
        yield Target(
            text=f"{KINDS[kind]}: at least {LEAST} × the bare loop",
            measured=str(measured),
            reached=reached(measured.ratios, least=LEAST),
        )


if __name__ == "__main__":
    main()
