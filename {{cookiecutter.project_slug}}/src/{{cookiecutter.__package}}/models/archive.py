"""Lines of JSON in a file that is only added to: every move of a pointer, oldest first."""

import json
import os
from pathlib import Path
from typing import Any


class Archive:
    """What pointers said before they say what they say now."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def lines(self) -> list[dict[str, Any]]:
        """Every line; what a crash tore is left out."""
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return []
        found = (_parsed(line) for line in content.split(b"\n"))
        return [line for line in found if isinstance(line, dict)]

    def append(self, line: dict[str, Any]) -> None:
        """Add a line, on the disk before this returns; what a crash tore is ended before."""
        with self._path.open("a+b") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - 1, 0))
            torn = file.read() not in {b"", b"\n"}
            file.write(b"\n" * torn + json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def _parsed(line: bytes) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None
