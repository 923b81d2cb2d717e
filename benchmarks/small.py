"""The default beside a default LightGBM on tables of few rows.

Run by run.py: small.py [--quick].
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

import page
from made import MADE
from measuring import HERE, fresh, keep
from page import Target
from projects import project_for

N_ROWS, N_REPEATS, QUICK_ROWS = 600, 2, 200
LIBRARIES = ("torch", "lightgbm", "scikit-learn")
WHAT = """\
The made sets again, {n_rows} rows each. Every row is held out once by three folds, {repeats} over,
and the default (`kind: auto`, with the cross-validation of its own by which it chooses) and
scikit-learn's LightGBM with its default settings learn the rest. The interval of the difference is
a paired bootstrap's over rows, the mean of the repeats."""


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    n_rows, n_repeats = (QUICK_ROWS, 1) if quick else (N_ROWS, N_REPEATS)
    results = {}
    for name in MADE:
        print(name, flush=True)
        folder = project_for(name, n_rows)
        results[name] = fresh(HERE / "small_beside.py", folder, str(n_repeats), path=folder / "src")
    keep("small", {name: [found] for name, found in results.items()})
    page.publish("small", section(results, n_rows, n_repeats), quick=quick)


def section(results: Mapping[str, Any], n_rows: int, n_repeats: int) -> str:
    """The page's section."""
    rows, targets = [], []
    for name, found in results.items():
        winners = ", ".join(f"{kind} {times}" for kind, times in found["winners"].items())
        difference = found["auto"] - found["peer"]
        told = f"{difference:.4f} [{found['low']:.4f}, {found['high']:.4f}]"
        scores = (f"{found['auto']:.4f}", f"{found['peer']:.4f}")
        rows.append((name, found["metric"], *scores, told, winners, f"{found['seconds']:.0f}"))
        text = f"{name}: the default no worse than LightGBM's beyond noise"
        reached = "yes" if found["high"] >= 0 else "**no**"
        targets.append(Target(text=text, measured=told, reached=reached))
    head = ("set", "metric", "auto", "LightGBM", "difference", "who won, of folds", "s a race")
    repeats = "once" if n_repeats == 1 else f"{n_repeats} times"
    return "\n\n".join(
        [
            "## The default on few rows",
            WHAT.format(n_rows=n_rows, repeats=repeats),
            page.table(head, rows),
            page.targets(targets),
            page.provenance("small", LIBRARIES),
        ]
    )


if __name__ == "__main__":
    main()
