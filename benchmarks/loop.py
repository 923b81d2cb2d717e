"""The training loop beside a bare one, a DataLoader, Lightning and skorch, on the same network.

Run by run.py: loop.py [--quick]. The loops are the files of loops/.
"""

from __future__ import annotations

import argparse
from statistics import median

import page
from measuring import fresh, interleaved, keep, speed
from page import Target

N_ROWS, N_ROUNDS, QUICK_ROWS = 300_000, 5, 20_000
LIMIT = 1.15
BARE, OWN = "bare loop", "**training loop**"
LOOPS = {
    BARE: "bare",
    OWN: "own",
    "DataLoader and a bare loop": "data_loader",
    "Lightning": "lightning_module",
    "skorch": "skorch_net",
}
LIBRARIES = ("torch", "lightning", "skorch", "numpy")
WHAT = """\
One epoch over {n_rows:,} rows of eight numbers and six categories: an MLP with embeddings (64 and
32 hidden units, dropout), batches of 1,024, AdamW, the same module in all. The bare loop indexes
the tensors for each batch, goes forward and backward and steps, and does nothing else. The
training loop also clips gradients, schedules the rate, checks that losses are finite, tells its
progress, scores {n_held:,} rows that are held out (time of the scoring included), keeps the best
weights and writes a checkpoint of weights, optimiser and generators. The others do what the bare
loop does.

Medians of {n_rounds} interleaved rounds, in brackets their range. Each run is a fresh process of
two threads; imports and a warm-up on 5,000 rows are not timed."""


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    n_rows, n_rounds = (QUICK_ROWS, 1) if quick else (N_ROWS, N_ROUNDS)
    rounds = interleaved(
        LOOPS, n_rounds, lambda name: fresh("-m", "loops", LOOPS[name], str(n_rows))
    )
    keep("loop", rounds)
    seconds = {name: [found["seconds"] for found in results] for name, results in rounds.items()}
    page.publish("loop", section(seconds, n_rows), quick=quick)


def section(seconds: dict[str, list[float]], n_rows: int) -> str:
    """The page's section."""
    rows = []
    for name, times in seconds.items():
        ratio = "1" if name == BARE else str(speed(seconds[BARE], times))
        rows.append((name, f"{median(times):.2f}", f"{n_rows / median(times):,.0f}", ratio))
    found = speed(seconds[BARE], seconds[OWN])
    reached = sum(ratio <= LIMIT for ratio in found.ratios)
    verdict = "yes" if found.median <= LIMIT else "**no**"
    return "\n\n".join(
        [
            "## The training loop: one epoch",
            WHAT.format(n_rows=n_rows, n_held=n_rows // 10, n_rounds=len(seconds[BARE])),
            page.table(("", "epoch, s", "rows/s", "time (bare loop = 1)"), rows),
            page.targets(
                [
                    Target(
                        text=f"at most {LIMIT} × the bare loop's time",
                        measured=str(found),
                        reached=f"{verdict}, in {reached} of {len(found.ratios)} rounds",
                    )
                ]
            ),
            page.provenance("loop", LIBRARIES),
        ]
    )


if __name__ == "__main__":
    main()
