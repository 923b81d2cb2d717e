"""A server whose interpreter tells what it opens, and ends if it ever unpickles something."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import yaml

from {{ cookiecutter.__package }}.contract import Contract

from ..conftest import PACKAGE
from .live import add_version, until
from .test_server import SETTINGS

UNPICKLED = 86
COMMAND = """
import os, sys
opened = os.open("opened.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def hook(event, args):
    if event == "pickle.find_class":
        os._exit({unpickled})
    if event == "open" and isinstance(args[0], (str, bytes)):
        os.write(opened, os.fsencode(args[0]) + b"\\n")
sys.addaudithook(hook)
from {package}.cli import main
sys.argv = ["server", "serve"]
main()
"""


@dataclass(frozen=True)
class Audited:
    """A server, where it runs, and how to ask it."""

    client: httpx.Client
    folder: Path
    process: "subprocess.Popen[str]"

    def opened(self) -> list[str]:
        """Every path that was opened by now, in order."""
        return (self.folder / "opened.log").read_text().splitlines()


@contextmanager
def audited(folder: Path, contract: Contract) -> Iterator[Audited]:
    """A real server process that has loaded its model."""
    add_version(folder / "bundles", contract)
    (folder / "configs").mkdir()
    for name, section in SETTINGS.items():
        (folder / "configs" / f"{name}.yaml").write_text(yaml.safe_dump(section))
    code = COMMAND.format(package=PACKAGE, unpickled=UNPICKLED)
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=folder, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            address = re.search(r"http://\S+", process.stdout.readline())
            assert address
            with httpx.Client(base_url=address.group(), timeout=60) as client:
                until(lambda: client.get("/health/ready").status_code == 200, "a model")
                yield Audited(client=client, folder=folder, process=process)
        finally:
            process.kill()
