"""Kinds of model on four data sets, and the default beside a default LightGBM.

Run by run.py: models.py [--quick]. Each training is the command that a person types.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from typing import Any

import page
from made import MADE
from measuring import HERE, fresh, keep
from page import Target
from projects import command, project_for

KINDS = ("auto", "linear", "mlp", "tabm", "lightgbm")
N_ROWS, QUICK_ROWS, MOST_S = 40_000, 4_000, 120
LIBRARIES = ("torch", "lightgbm", "scikit-learn", "onnxruntime")
WHAT = """\
Each row is `make train` of one kind of model on one data set, import and bundle included: the
deciding metric on the test rows with its 95 % interval, seconds of the whole command, the graph's
size, the largest difference between torch (or LightGBM) and ONNX over all test rows as a share of
what is tolerated, and microseconds per row when {block:,} rows are answered at once by one thread.
`auto` is the default: a race among kinds, and a blend. The last rows of each set are
scikit-learn's LightGBM with its default settings on the same training rows (categories as pandas
categories, times as hour and weekday), and what `auto` gains over it, by a paired bootstrap."""


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    n_rows = QUICK_ROWS if quick else N_ROWS
    results = {name: one_set(name, n_rows) for name in ([*MADE] if quick else ["flights", *MADE])}
    keep("models", {name: [found] for name, found in results.items()})
    page.publish("models", section(results), quick=quick)


def one_set(name: str, n_rows: int) -> dict[str, Any]:
    """Each kind trained on a data set in a copy of the project, and LightGBM beside the default."""
    folder = project_for(name, n_rows)
    found: dict[str, Any] = {}
    for kind in KINDS:
        print(f"{name}: {kind}", flush=True)
        bundles = f"bundles-{kind}"
        began = time.perf_counter()
        command(
            folder,
            "train",
            *("--set", "train.model={kind: " + kind + "}"),
            *("--set", f"train.bundles={bundles}"),
            *("--set", "train.tracker=none"),
        )
        found[kind] = {"seconds": time.perf_counter() - began}
        found[kind] |= fresh(HERE / "models_beside.py", folder, bundles, path=folder / "src")
    found["beside"] = fresh(
        HERE / "models_beside.py", folder, "bundles-auto", "--peer", path=folder / "src"
    )
    return found


def section(results: Mapping[str, Any]) -> str:
    """The page's section."""
    block = next(iter(results.values()))["auto"]["block"]
    header = ("set", "kind", "test metric", "s", "graph, kB", "parity", "µs per row")
    parts = [
        "## Kinds of model",
        WHAT.format(block=block),
        page.table(header, [row for name in results for row in rows_of(name, results[name])]),
        page.targets([*quality_targets(results), *time_targets(results)]),
        page.provenance("models", LIBRARIES),
    ]
    return "\n\n".join(parts)


def rows_of(name: str, found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A row for each kind on a data set, then LightGBM's and the difference."""
    rows: list[tuple[str, ...]] = []
    for kind in KINDS:
        one = found[kind]
        title = kind if kind != "auto" else f"auto: {one['kind']}"
        cost = (f"{one['seconds']:.0f}", f"{one['size_kb']:,.0f}")
        speed = (f"{one['parity']:.3f}", f"{one['row_us']:.1f}")
        rows.append((name, title, f"{one['metric']} {one['interval']}", *cost, *speed))
    peer = found["beside"]
    metric = f"{peer['metric']} {peer['peer']}"
    rows.append((name, "LightGBM by default", metric, f"{peer['seconds']:.0f}", "", "", ""))
    rows.append((name, "auto − LightGBM", peer["difference"], "", "", "", ""))
    return rows


def quality_targets(results: Mapping[str, Any]) -> list[Target]:
    """Whether the default loses to LightGBM's."""
    return [
        Target(
            text=f"{name}: the default no worse than LightGBM's beyond noise",
            measured=found["beside"]["difference"],
            reached="yes" if found["beside"]["high"] >= 0 else "**no**",
        )
        for name, found in results.items()
    ]


def time_targets(results: Mapping[str, Any]) -> list[Target]:
    """Whether the default takes too long."""
    return [
        Target(
            text=f"{name}: within two minutes",
            measured=f"{found['auto']['seconds']:.0f} s",
            reached="yes" if found["auto"]["seconds"] <= MOST_S else "**no**",
        )
        for name, found in results.items()
    ]


if __name__ == "__main__":
    main()
