"""A server as a process of its own, as a person starts it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from ..conftest import PACKAGE
from ..serving.live import until


@contextmanager
def serving(log: Path, *arguments: str, python: tuple[str, ...] = ()) -> Iterator[str]:
    """The address of a server that is ready; what it writes to standard error is in ``log``."""
    command = [sys.executable, *python, "-m", PACKAGE, "serve", *arguments]
    with (
        log.open("w") as file,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            address = re.search(r"http://\S+", process.stdout.readline())
            assert address, log.read_text()
            ready = f"{address.group()}/health/ready"
            until(lambda: httpx.get(ready, timeout=30).status_code == 200, "a model")
            yield address.group()
        finally:
            process.terminate()
            assert process.wait(timeout=20) == 0
