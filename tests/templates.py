"""Templates that tests may change, and a cookiecutter that renders nothing twice."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rendering import TEMPLATE, BakedProject, Ran, run

# Found on PATH before the real one. What it renders follows from the commit and the answers.
CACHING = """#!{python}
import contextlib, hashlib, pathlib, shutil, subprocess, sys, tempfile
arguments = sys.argv[1:]
template = next(word for word in arguments if pathlib.Path(word, "cookiecutter.json").exists())
git = ["git", "-C", template, "rev-parse", "HEAD"]
commit = subprocess.run(git, check=True, capture_output=True, text=True).stdout
out = arguments[arguments.index("--output-dir") + 1]
key = hashlib.sha256("\\0".join([commit, *arguments[5:]]).encode()).hexdigest()
kept = pathlib.Path({cache!r}, key)
if not kept.exists():
    done = subprocess.run([{python!r}, "-m", "cookiecutter", *arguments])
    if done.returncode:
        sys.exit(done.returncode)
    copy = pathlib.Path(tempfile.mkdtemp(dir=kept.parent)) / "copy"
    shutil.copytree(out, copy)
    with contextlib.suppress(OSError):  # another process was quicker
        copy.rename(kept)
else:
    shutil.copytree(kept, out)
"""


def git(folder: Path, *arguments: str) -> str:
    """Run git and return what it printed."""
    return run("git", *arguments, cwd=folder).output.strip()


def put(folder: Path, message: str) -> str:
    """Commit everything that lies in a folder, and return the commit."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def make_template(folder: Path) -> Path:
    """Return a repository with the working tree of this one as its first commit."""
    listed = git(TEMPLATE, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (TEMPLATE / name).is_file() and not name.startswith(("tests/", "benchmarks/")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TEMPLATE / name, folder / name)
    git(folder, "init", "--quiet", "--initial-branch=main")
    put(folder, "The template as it is")
    return folder


@dataclass(frozen=True)
class Workshop:
    """A template, and an environment in which nothing of this machine's user is known."""

    template: Path
    environment: Mapping[str, Any]

    def cookiecutter(self, where: Path, *words: str | Path, **variables: Any) -> Ran:
        """Render as a person would, without prompts."""
        where.mkdir(exist_ok=True)
        command = (sys.executable, "-m", "cookiecutter", "--no-input", *words)
        environment: dict[str, Any] = {**self.environment, "PWD": str(where), **variables}
        return run(*command, cwd=where, timeout_s=120, **environment)

    def make(self, project: BakedProject, *words: str, check: bool = True, **variables: Any) -> Ran:
        """Run make in a project."""
        return project.run("make", *words, check=check, **{**self.environment, **variables})


def make_workshop(folder: Path) -> Workshop:
    """Return a workshop below a folder."""
    programs, home = folder / "bin", folder / "home"
    programs.mkdir()
    home.mkdir()
    (folder / "cache").mkdir()
    program = programs / "cookiecutter"
    program.write_text(CACHING.format(python=sys.executable, cache=str(folder / "cache")))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    path = os.pathsep.join((str(programs), os.environ["PATH"]))
    return Workshop(make_template(folder / "template"), {"HOME": str(home), "PATH": path})
