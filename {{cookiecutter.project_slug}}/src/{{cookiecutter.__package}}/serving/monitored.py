"""What monitoring found last, as it wrote it for Prometheus: one scrape of the server sees both.

The server knows a file, not the room that writes it: none may be there, or a damaged one, which is
left out as a whole, since one bad line would lose Prometheus the server's own counters as well.
"""

import logging
import re
from pathlib import Path

LOGGER = logging.getLogger(__name__)
MOST_BYTES = 1_000_000
_NUMBER = r"[-+]?(?:Inf|NaN|\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)"
_LABEL = r'[a-zA-Z_]\w*="(?:[^"\\]|\\["\\n])*"'
# The prefix keeps them apart from the server's: a name may be told of once only.
LINE = re.compile(
    rf"(?:# HELP monitoring_\w+ .*|# TYPE monitoring_\w+ (?:gauge|counter)"
    rf"|monitoring_\w+(?:\{{(?:{_LABEL}(?:,{_LABEL})*,?)?\}})? {_NUMBER})?",
    re.ASCII,
)


class Monitored:
    """Reads a model's file when it has changed."""

    def __init__(self, reports: Path | None) -> None:
        self._reports = reports
        self._read: tuple[tuple[Path, int, int], bytes] | None = None

    def exposition(self, model: str | None) -> bytes:
        """The text that Prometheus reads; nothing where none can be read."""
        if self._reports is None or model is None:
            return b""
        path = self._reports / model / "metrics.prom"
        try:
            found = path.stat()
        except OSError:
            return b""
        seen = (path, found.st_mtime_ns, found.st_size)
        if self._read is None or self._read[0] != seen:
            self._read = (seen, _sound(path))
        return self._read[1]


def _sound(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES:,} bytes")
        lines = content.decode().split("\n")
        bad = next((n for n, line in enumerate(lines, 1) if not LINE.fullmatch(line)), None)
        if bad is not None or lines[-1]:
            raise ValueError(f"line {bad or len(lines)} is none that Prometheus reads")
    except (OSError, ValueError) as error:
        LOGGER.warning("'%s' is left out of /metrics: %s; make monitor writes it anew", path, error)
        return b""
    return content
