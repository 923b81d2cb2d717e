"""Where a job is worked on, by one process at a time, and by which name it is known again."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from filelock import FileLock, Timeout

from ...errors import DataError, ProjectError, TooManyRejectedError
from ...models.versions import Version
from ...storage import file_hash, read_pointer, write_file, write_pointer
from ...terminal import say
from .source import Source

PACKAGE = Path(__file__).parents[2]
CODE = ("data", "models", "serving/score")
DESCRIPTION, RUN = "job.json", "run"
Description = Mapping[str, Any]


@contextmanager
def workplace(target: Path) -> Iterator[Path]:
    """A hidden folder beside the target, for one run at a time; it stays while parts are in it.

    Raises:
        DataError: another run is at work.
    """
    target = target.absolute()
    place = target.parent / f".{target.name}.scoring"
    place.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(place / ".lock", timeout=0):
            try:
                yield place
            finally:
                if not any(place.glob("*/scored/part-*")):
                    shutil.rmtree(place, ignore_errors=True)
    except Timeout:
        raise DataError(
            f"another run scores into '{target}'; wait until it ends, or name another --output"
        ) from None


@contextmanager
def unfinished(folder: Path, description: Description) -> Iterator[str]:
    """The name of a job's run, which it keeps until it is done, however often it is killed.

    What ended by a fault of rows or model would end so again: its parts are of no use.
    """
    for other in sorted(folder.parent.glob(f"*/{DESCRIPTION}")):
        if other.parent != folder and any(other.parent.glob("scored/part-*")):
            begun = json.loads(other.read_text())
            differs = [key for key, value in description.items() if begun.get(key) != value]
            say(
                f"anew      the run that did not end was of other {' and '.join(differs)}; its parts"
                f" are in '{other.parent}' until this one ends"
            )
    folder.mkdir(exist_ok=True)
    write_file(folder / DESCRIPTION, json.dumps(description, indent=2).encode())
    if read_pointer(folder / RUN) is None:
        write_pointer(folder / RUN, f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid4().hex[:8]}")
    try:
        yield str(read_pointer(folder / RUN))
    except TooManyRejectedError:
        raise
    except ProjectError:
        shutil.rmtree(folder)
        raise


def described(source: Source, version: Version) -> Description:
    """Everything that decides the scores; equal descriptions give equal ones."""
    code = [path for room in CODE for path in sorted((PACKAGE / room).glob("*.py"))]
    return {
        "rows": [[file.name, file.fingerprint] for file in source.files],
        "version": version.number,
        "bundle": version.bundle,
        "code": hashlib.sha256("".join(map(file_hash, code)).encode()).hexdigest()[:16],
    }


def job_name(description: Description) -> str:
    """The same for the same job."""
    return hashlib.sha256(json.dumps(description).encode()).hexdigest()[:16]
