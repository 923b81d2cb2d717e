"""What a check found, and what would repair it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

ROOT_MODULE = __name__.partition(".")[0]
COMMAND = f".venv/bin/python -m {ROOT_MODULE}"
MARKS = {"fine": "fine", "warning": "WARNING", "fault": "FAULT"}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    level: Literal["fine", "warning", "fault"]
    """Nothing to do; something to know; something that will not work."""
    check: str
    """What was looked at."""
    what: str
    """What was found."""
    fix: str = ""
    """A command, or a line to write, that repairs it; each finding that is not fine has one."""


def fine(check: str, what: str) -> Finding:
    """Nothing to do."""
    return Finding("fine", check, what)


def warning(check: str, what: str, fix: str) -> Finding:
    """Something that works and will surprise."""
    return Finding("warning", check, what, fix)


def fault(check: str, what: str, fix: str) -> Finding:
    """Something that does not work."""
    return Finding("fault", check, what, fix)


def failed(found: Sequence[Finding]) -> bool:
    """Whether something does not work."""
    return any(finding.level == "fault" for finding in found)


def as_text(found: Sequence[Finding]) -> str:
    """A line for each, its fix below, and the count at the end."""
    lines = []
    for finding in found:
        lines.append(f"{MARKS[finding.level]:<9} {finding.check:<14} {finding.what}")
        lines += [f"{'':<9} {'':<14} → {finding.fix}"] if finding.fix else []
    faults, warnings = (sum(f.level == level for f in found) for level in ("fault", "warning"))
    return "\n".join([*lines, f"faults: {faults}, warnings: {warnings}, findings: {len(found)}"])


def as_json(found: Sequence[Finding]) -> str:
    """The same for programs."""
    findings = [asdict(finding) for finding in found]
    return json.dumps({"ok": not failed(found), "findings": findings}, ensure_ascii=False, indent=2)
