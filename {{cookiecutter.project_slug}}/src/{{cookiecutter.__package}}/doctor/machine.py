"""The machine: disk, memory, clock; and the repository."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..errors import RegistryError
from ..models.versions import Version
from .finding import Finding, fault, fine, warning
from .project import Project, existing
from .running import psutil

LEAST_DISK, LITTLE_DISK = 200_000_000, 2_000_000_000
"""Bytes below which runs fail, and below which a few more of them will."""
LITTLE_MEMORY = 1_000_000_000
"""Bytes that `make data` and `make train` take on the example."""
CGROUP = Path("/sys/fs/cgroup")
AHEAD_S = 60.0
LOCK_S = 600.0


def disk(project: Project) -> Iterator[Finding]:
    """Free space below each folder, once for each file system."""
    seen = {existing(folder).stat().st_dev: existing(folder) for _, folder in project.folders()}
    for place in seen.values():
        free = shutil.disk_usage(place).free
        what = f"{free / 1e9:.1f} GB are free below '{place}'"
        fix = f"du -sh '{project.config.data.directory}'/* | sort -h  # what may go"
        if free < LEAST_DISK:
            yield fault("disk", what, fix)
        elif free < LITTLE_DISK:
            yield warning("disk", what, fix)
        else:
            yield fine("disk", what)


def memory(_project: Project) -> Iterator[Finding]:
    """What is free for a job, in this container if it is one."""
    library = psutil()
    if library is None:
        return
    free = min(library.virtual_memory().available, left_in_container())
    what = f"{free / 1e9:.1f} GB are free"
    if free < LITTLE_MEMORY:
        fix = "make train ARGS='--set train.memory_rows=200000'  # or end something else"
        yield warning("memory", what, fix)
    else:
        yield fine("memory", what)


def left_in_container(folder: Path = CGROUP) -> float:
    """Bytes until a container's limit; infinite where there is none, or none to be read."""
    try:
        limit = int((folder / "memory.max").read_text())
        return limit - int((folder / "memory.current").read_text())
    except (OSError, ValueError):
        return float("inf")


def clock(project: Project) -> Iterator[Finding]:
    """Whether the clock is behind what was made before, and whether its zone is known."""
    zone, now = os.environ.get("TZ", ""), time.time()
    if zone and not zone.startswith((":", "/")) and not any(map(str.isdigit, zone)):
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            what = f"the variable TZ is '{zone}', which is no zone: times are shown in UTC"
            yield warning("clock", what, "unset TZ")
    made = [(datetime.fromisoformat(v.created), f"version {v.number}") for v in stamps(project)]
    ahead = [(at, what) for at, what in made if at.timestamp() > now + AHEAD_S]
    if ahead:
        at, what = max(ahead)
        said = f"{what} was made at {at:%Y-%m-%d %H:%M} UTC, which is still to come: it is behind"
        yield warning("clock", said, "sudo timedatectl set-ntp true")
    else:
        here = datetime.now().astimezone()
        shown = f"{here.astimezone(UTC):%Y-%m-%d %H:%M} UTC, here {here:%Z}"
        yield fine("clock", f"{shown}; days are counted in {project.contract.timezone}")


def stamps(project: Project) -> list[Version]:
    """Every version that can be read; of one that cannot, another check tells."""
    try:
        return project.versions.all()
    except RegistryError:
        return []


def git(root: Path) -> Iterator[Finding]:
    """Whether there is a commit that a model can say it came from."""
    if shutil.which("git") is None:
        what = "is not installed: models will not say which commit they came from"
        yield warning("git", what, "sudo apt-get install git")
        return
    if asked(root, "rev-parse", "--git-dir") is None:
        what = "this is no repository: models will not say which commit they came from"
        yield warning("git", what, "git init && git add --all && git commit -m 'Start the project'")
        return
    lock = root / (asked(root, "rev-parse", "--git-dir") or ".git") / "index.lock"
    if lock.exists() and time.time() - lock.stat().st_mtime > LOCK_S:
        yield fault("git", f"'{lock}' was left by a git that was killed", f"rm '{lock}'")
    commit, changed = asked(root, "rev-parse", "--short", "HEAD"), asked(root, "status", "-s")
    if commit is None:
        yield warning("git", "there is no commit yet", "git commit --all -m 'Start the project'")
    elif changed:
        what = f"{len(changed.splitlines())} files differ from {commit}: where CI is set, the gate"
        yield warning("git", f"{what} refuses", "git add --all && git commit")
    else:
        yield fine("git", f"at {commit}, nothing changed")


def asked(root: Path, *arguments: str) -> str | None:
    """What git says; ``None`` where it refuses."""
    command = ("git", "--no-optional-locks", *arguments)
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None
