"""Runs that are killed before one of their steps, and what is left in the folder."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ...conftest import PACKAGE

STEP_BY_STEP = """
import os, signal, sys
from datetime import date
from importlib import import_module
from pathlib import Path

package, task, folder, left = sys.argv[1:4] + [int(sys.argv[4])]
compact = import_module(f"{package}.log.log_retention.compact")
forget = import_module(f"{package}.log.log_retention.forget")

def step(event, arguments):
    global left
    if event in ("os.rename", "os.remove", "tempfile.mkstemp"):
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

sys.addaudithook(step)
if task == "compact":
    compact.compact(Path(folder))
else:
    forget.forget(Path(folder), forget.Whose(value=task, column="order"))
print("done")
"""


def files(folder: Path) -> Sequence[str]:
    """Names of the files but the lock's, hidden ones too."""
    return sorted(path.name for path in folder.iterdir() if path.name != ".maintenance.lock")


def killed_at(folder: Path, task: str, step: int) -> bool:
    """Compact, or forget an order, and be killed before a step; whether it came so far."""
    command = [sys.executable, "-c", STEP_BY_STEP, PACKAGE, task, str(folder), str(step)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode == 0:
        assert "done" in ended.stdout
        return False
    assert ended.returncode == -9, ended.stderr
    return True


def text_in(folder: Path, text: str) -> list[str]:
    """The files that hold a text in plain lines."""
    return [path.name for path in folder.iterdir() if text.encode() in path.read_bytes()]
