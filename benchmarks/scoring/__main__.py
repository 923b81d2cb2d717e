"""One way of scoring, once: python -m scoring NAME BUNDLES ROWS TARGET.

Everything is imported before the clocks start, pandas too, which pyarrow loads at its first use.
The last line printed is JSON: seconds, those of all cores together, peak memory of this process,
rows, and a hash of their probabilities.
"""

import hashlib
import importlib
import json
import resource
import sys
import time
from pathlib import Path

import pandas  # noqa: F401
import pyarrow.parquet as pq


def main(name: str, bundles: Path, rows: Path, target: Path) -> None:
    """Time the work, then read the peak, then look at what was written."""
    module, _, option = name.partition(":")
    way = importlib.import_module(f"scoring.{module}")
    began, cpu_began = time.perf_counter(), time.process_time()
    way.score(bundles, rows, target, *([int(option)] if option else []))
    spent = {"seconds": time.perf_counter() - began, "cpu_s": time.process_time() - cpu_began}
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    found = pq.read_table(target, columns=["probability"])["probability"].to_numpy()
    digest = hashlib.sha256(found.astype("float32").tobytes()).hexdigest()
    print(json.dumps(spent | {"peak_bytes": peak, "n_rows": len(found), "hash": digest}))


if __name__ == "__main__":
    main(sys.argv[1], *map(Path, sys.argv[2:5]))
