"""The environment: Python, what is installed, and what constraints.txt wants.

By the standard library alone, since it is asked where nothing else can be imported.
"""

import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, distribution, distributions
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from .finding import Finding, fault, fine, warning

SETUP = "python3 scripts/setup.py"
ANEW = "rm -rf .venv && make setup"
SHOWN = 3
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)", re.MULTILINE)
NAME = re.compile(r"[A-Za-z0-9._-]+")
Settings = dict[str, Any]


def environment(root: Path) -> Iterator[Finding]:
    """What holds of the interpreter that runs this, and of the project in a folder."""
    try:
        settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        what = f"no pyproject.toml in '{root}': nothing can be compared with it"
        yield warning("project", what, "cd to the project's root, then: make doctor")
        return
    except tomllib.TOMLDecodeError as error:
        yield fault("project", f"pyproject.toml: {error}", "git diff pyproject.toml")
        return
    for check in CHECKS:
        yield from check(root, settings)


def template(_root: Path, settings: Settings) -> Iterator[Finding]:
    """Which version of the template the project has."""
    version = settings.get("tool", {}).get("template", {}).get("version")
    if version:
        yield fine("template", f"version {version}")


def python(_root: Path, settings: Settings) -> Iterator[Finding]:
    """Whether the interpreter is new enough, and one of an environment."""
    wanted = settings["project"]["requires-python"]
    least = tuple(int(part) for part in re.findall(r"\d+", wanted))
    version = sys.version.split()[0]
    if sys.version_info[: len(least)] < least:
        fix = f"{ANEW} PYTHON=python{'.'.join(map(str, least))}"
        yield fault("python", f"{version}, and pyproject.toml wants {wanted}", fix)
    elif sys.prefix == sys.base_prefix:
        what = f"{sys.executable} belongs to no environment of its own"
        yield warning("python", what, "make setup")
    else:
        yield fine("python", f"{version} in {sys.prefix}")


def installation(root: Path, settings: Settings) -> Iterator[Finding]:
    """Whether the project itself is installed, and from this folder."""
    try:
        found = distribution(settings["project"]["name"]).read_text("direct_url.json")
    except PackageNotFoundError:
        what = f"{settings['project']['name']} is not installed in {sys.prefix}"
        yield fault("installed", what, SETUP)
        return
    said = json.loads(found or "{}")
    if not said.get("dir_info", {}).get("editable"):
        yield fine("installed", "as a wheel")
        return
    folder = Path(url2pathname(urlsplit(said["url"]).path))
    if folder.resolve() != root.resolve():
        yield fault("installed", f"from '{folder}', not from '{root}': it was moved", ANEW)
    else:
        yield fine("installed", "editable, from here")


def age(root: Path, _settings: Settings) -> Iterator[Finding]:
    """Whether the environment is older than what describes it."""
    made = Path(sys.prefix) / ".installed"
    for name in ("pyproject.toml", "constraints.txt"):
        file = root / name
        if made.exists() and file.exists() and file.stat().st_mtime > made.stat().st_mtime:
            yield warning("environment", f"is older than {name}", "make setup")


def versions(root: Path, settings: Settings) -> Iterator[Finding]:
    """Whether everything is there that serving needs, in the versions that were tested."""
    there = {normal(each.name): each.version for each in distributions() if each.name}
    absent = [n for n in map(bare, settings["project"]["dependencies"]) if n not in there]
    if absent:
        yield fault("dependencies", f"not installed: {some(absent)}", SETUP)
    constraints = root / "constraints.txt"
    if not constraints.exists():
        yield warning("versions", "there is no constraints.txt", "make lock")
        return
    pinned: dict[str, set[str]] = {}
    for name, version in PIN.findall(constraints.read_text(encoding="utf-8")):
        pinned.setdefault(normal(name), set()).add(version)
    other = [
        f"{name} {there[name]} (tested: {', '.join(sorted(wanted))})"
        for name, wanted in sorted(pinned.items())
        if name in there and there[name].partition("+")[0] not in wanted
    ]
    if other:
        yield warning("versions", f"others than in constraints.txt: {some(other)}", SETUP)
    else:
        count = len(pinned.keys() & there.keys())
        yield fine("versions", f"all {count} are those of constraints.txt")


def some(names: list[str]) -> str:
    """The first of many names, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def bare(requirement: str) -> str:
    """The distribution that a requirement names."""
    found = NAME.match(requirement)
    return normal(found[0] if found else requirement)


def normal(name: str) -> str:
    """A distribution's name in the one way to write it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


CHECKS: tuple[Callable[[Path, Settings], Iterator[Finding]], ...] = (
    template,
    python,
    installation,
    age,
    versions,
)
