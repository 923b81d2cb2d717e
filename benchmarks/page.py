"""BENCHMARKS.md: one marked section per benchmark, each written by its own run."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "BENCHMARKS.md"


@dataclass(frozen=True, kw_only=True)
class Target:
    """What was to be reached, and what was measured."""

    text: str
    measured: str
    reached: str
    """yes, no, or what is between."""


def publish(name: str, section: str, *, quick: bool) -> None:
    """Show a section, and write it to the page unless the run was a quick one."""
    print(f"\n{section}\n")
    if quick:
        print("A quick run: BENCHMARKS.md is as it was.")
        return
    PAGE.write_text(replaced(PAGE.read_text("utf-8"), name, section), "utf-8")
    print(f"Wrote the section '{name}' of {PAGE.name}.")


def replaced(page: str, name: str, section: str) -> str:
    """The page with this section between its markers; at the end where it has none yet."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    marked = f"{begin}\n{section.strip()}\n{end}"
    known = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if known.search(page):
        return known.sub(lambda _: marked, page)
    return f"{page.rstrip()}\n\n{marked}\n"


def provenance(name: str, libraries: Iterable[str]) -> str:
    """When, by which command and on what a section was measured."""
    versions = ", ".join(f"{library} {version(library)}" for library in libraries)
    return (
        f"Measured {date.today().isoformat()} by `make benchmark ARGS={name}` on {machine()};"
        f" Python {platform.python_version()}, {versions}."
    )


def machine() -> str:
    """Processor, cores, memory and system, by no name that is the machine's own."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {_system()}"


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    lines = known.read_text("utf-8").splitlines() if known.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return f"{platform.system()} {platform.release()}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; all but the first column stand to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def targets(found: Iterable[Target]) -> str:
    """A table of targets, each reached or not."""
    header = ("target", "measured", "reached")
    return table(header, [(one.text, one.measured, one.reached) for one in found])
