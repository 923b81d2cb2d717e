"""What is open, and what was measured last, as gauges that Prometheus reads from a file."""

from collections.abc import Callable
from pathlib import Path

from ....storage import write_file
from ..message import Message, UnsentError


class MetricsFile:
    """A text file in Prometheus' format, replaced whole."""

    def __init__(self, path: Path, state: Callable[[], bytes]) -> None:
        """``state`` gives the file's content."""
        self._path = path
        self._state = state

    def send(self, message: Message) -> None:  # noqa: ARG002 - the state has it already
        """Show the state of which the message tells.

        Raises:
            UnsentError: the disk does not take it.
        """
        self.refresh()

    def refresh(self) -> None:
        """Show the state as it is.

        Raises:
            UnsentError: the disk does not take it.
        """
        try:
            write_file(self._path, self._state())
        except OSError as error:
            raise UnsentError(f"'{self._path}': {error.strerror}") from None
