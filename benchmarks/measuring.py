"""Rounds of fresh processes, one of each kind in turn, so that noise hits all of them alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

HERE = Path(__file__).resolve().parent
WORK = HERE.parent / "build" / "benchmarks"
Result = TypeVar("Result")


def fresh(*arguments: str | Path, path: Path | None = None) -> dict[str, Any]:
    """Run Python on these arguments in a process of its own; the last line it prints is JSON.

    Packages in ``path`` come before those that are installed.

    What earlier processes wrote is on disk by then, so that nobody pays for another's output. The
    caller must stay small: Linux counts a parent's memory into the peak of a child.
    """
    os.sync()
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        check=False,
        cwd=HERE,
        env={**os.environ, "PYTHONPATH": str(path)} if path else None,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, arguments))} failed:\n{done.stdout}{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def interleaved(
    names: Iterable[str], n_rounds: int, once: Callable[[str], Result]
) -> dict[str, list[Result]]:
    """A B C, A B C, …: the results of each, by round."""
    results: dict[str, list[Result]] = {name: [] for name in names}
    for number in range(1, n_rounds + 1):
        for name, found in results.items():
            print(f"round {number} of {n_rounds}  {name}", flush=True)
            found.append(once(name))
    return results


@dataclass(frozen=True, kw_only=True)
class Speed:
    """How fast one is beside another: 2 is twice as fast."""

    ratios: tuple[float, ...]
    """Of each round."""

    @property
    def median(self) -> float:
        """What counts."""
        return median(self.ratios)

    def __str__(self) -> str:
        """The median, and the rounds' range."""
        return f"{self.median:.2f} ({min(self.ratios):.2f}–{max(self.ratios):.2f})"


def speed(own_s: Sequence[float], peer_s: Sequence[float]) -> Speed:
    """The ratio of the times of each round that both took part in."""
    return Speed(ratios=tuple(peer / own for own, peer in zip(own_s, peer_s, strict=False)))


def reached(values: Sequence[float], *, least: float = -inf, most: float = inf) -> str:
    """In how many rounds, unless in all of them; the median decides."""
    n_reached = sum(least <= value <= most for value in values)
    if n_reached == len(values):
        return "yes"
    verdict = "yes, but only" if least <= median(values) <= most else "**no**,"
    return f"{verdict} in {n_reached} of {len(values)} rounds"


def keep(name: str, rounds: Mapping[str, Sequence[Any]]) -> None:
    """Leave every single figure in build/benchmarks, for whoever doubts a median."""
    (WORK / f"{name}.json").write_text(json.dumps(rounds, indent=2), "utf-8")
