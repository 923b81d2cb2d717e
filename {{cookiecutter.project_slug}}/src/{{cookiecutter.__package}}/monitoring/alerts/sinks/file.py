"""Alerts as lines of JSON, for other programs to follow."""

import json
import os
from pathlib import Path

from ..message import Message, UnsentError


class File:
    """A file that only grows."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, message: Message) -> None:
        """Append a line, and wait until the disk has it.

        Raises:
            UnsentError: the disk does not take it.
        """
        line = json.dumps(message.content, ensure_ascii=False) + "\n"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise UnsentError(f"'{self._path}': {error.strerror}") from None
