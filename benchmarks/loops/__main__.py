"""One loop, one epoch: python -m loops NAME N_ROWS.

Everything is imported, and an epoch of few rows learned, before the clock starts. The last line
printed is JSON: seconds.
"""

import importlib
import json
import sys
import warnings

import torch
from loops.given import given

WARM_UP_ROWS, THREADS = 5_000, 2


def main(name: str, n_rows: int) -> None:
    """Learn twice; the second epoch counts."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(THREADS)
    loop = importlib.import_module(f"loops.{name}")
    loop.epoch(given(WARM_UP_ROWS))
    torch.manual_seed(0)
    print(json.dumps({"seconds": loop.epoch(given(n_rows))}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
