"""One pipeline, once: python -m pipelines NAME CSV FOLDER.

Everything is imported before the clocks start. The last line printed is JSON: seconds, those of all
cores together, peak memory of this process, and what the pipeline counted.
"""

import importlib
import json
import resource
import sys
import time
from pathlib import Path


def main(name: str, source: Path, folder: Path) -> None:
    """Time the work, then read the peak, then count."""
    pipeline = importlib.import_module(f"pipelines.{name}")
    began, cpu_began = time.perf_counter(), time.process_time()
    pipeline.convert(source, folder)
    spent = {"seconds": time.perf_counter() - began, "cpu_s": time.process_time() - cpu_began}
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    print(json.dumps(spent | {"peak_bytes": peak, "counts": pipeline.counts(folder)}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
