"""A server whose interpreter tells what it opens, and ends if it ever unpickles something."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import httpx
import yaml

from {{ cookiecutter.__package }}.contract import Contract

from ..conftest import PACKAGE
from .live import add_version, until
from .test_server import SETTINGS

UNPICKLED = 86
HOSTILE = [
    "..",
    "../..",
    "%2e%2e",
    "..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f%2e%2e%2fkeys.json",
    "..%5c..%5ckeys.json",
    "%2fetc%2fpasswd",
    "//etc/passwd",
    "%00",
    "shop%00.json",
    "..%00/",
    "%c0%ae%c0%ae/",
    "%ff%fe",
    "1%2f..%2f1",
    "x" * 5_000,
]
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

    def ask(self, method: str, path: str) -> tuple[int, bytes]:
        """Status and body for a path as it stands, which other clients would put in order."""
        address = self.client.base_url
        connection = HTTPConnection(address.host, address.port, timeout=60)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def refuses_hostile_names(self, path: str) -> None:
        """Assert that no name in a path's place opens a file but those that the server follows."""
        before = len(self.opened())
        code = {Path(prefix).resolve() for prefix in (sys.prefix, sys.base_prefix)}
        code.add(Path(str(sys.modules[PACKAGE].__file__)).resolve().parent)
        bundles = (self.folder / "bundles" / "shop").resolve()
        for hostile in HOSTILE:
            for method in ("GET", "POST"):
                status, body = self.ask(method, path.format(hostile))
                assert status in (400, 404, 405), (method, path, hostile, body)
                assert b"root:" not in body
        for opened in self.opened()[before:]:
            assert ".." not in opened
            place = (self.folder / opened).resolve()
            if place.is_relative_to(self.folder.resolve()):
                assert place.parent == bundles, opened  # a pointer
            else:
                assert any(place.is_relative_to(folder) for folder in code), opened


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
