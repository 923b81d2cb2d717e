"""Runs that are killed before one of their steps."""

import subprocess
import sys
from pathlib import Path

from ...conftest import PACKAGE

STEP_BY_STEP = """
import os, signal, sys
from importlib import import_module
from pathlib import Path

package, task, folder, left = sys.argv[1:4] + [int(sys.argv[4])]
retention = import_module(f"{package}.log.log_retention.retention")

def step(event, arguments):
    global left
    if event in ("os.rename", "os.remove", "tempfile.mkstemp"):
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

sys.addaudithook(step)
if task == "compact":
    retention.compact(Path(folder))
else:
    retention.forget(Path(folder), task, "order")
"""


def killed_at(folder: Path, task: str, step: int) -> bool:
    """Compact, or forget an order, and be killed before a step; whether it came so far."""
    command = [sys.executable, "-c", STEP_BY_STEP, PACKAGE, task, str(folder), str(step)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode in (0, -9), ended.stderr
    return ended.returncode != 0
