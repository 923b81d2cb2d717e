"""Pipelines: their schemas, what they run, what they trust."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from rendering import BakedProject

from .texts import line_of

USES = re.compile(r"^\s*(?:- )?uses: *(\S+)(.*)$", re.MULTILINE)
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}|\./\S+")
TAG = re.compile(r" # v\d+\.\d+\.\d+$")
TARGET = re.compile(r"\bmake ([a-z][a-z-]*)")
SCHEMAS = {
    ".github/workflows/": "vendor.github-workflows",
    ".github/dependabot.yml": "vendor.dependabot",
    ".gitlab-ci.yml": "vendor.gitlab-ci",
    "renovate.json": "vendor.renovate",
}


def tool(name: str) -> str:
    """Return the path of a program in the harness's own environment."""
    return str(Path(sys.executable).with_name(name))


def pipelines(project: BakedProject) -> Iterator[tuple[str, str]]:
    """Yield each pipeline with its text."""
    for path, content in project.files().items():
        if path.startswith(".github/workflows/") or path == ".gitlab-ci.yml":
            yield path, content.decode("utf-8")


def pinned(project: BakedProject) -> Iterator[str]:
    """Yield actions that are named by something that can be moved."""
    for path, text in pipelines(project):
        for match in USES.finditer(text):
            where = f"{path}:{line_of(text, match.start(1))}"
            if not PINNED.fullmatch(match[1]):
                yield f"{where}: the action is not pinned by a full SHA: {match[1]}"
            elif not match[1].startswith("./") and not TAG.fullmatch(match[2]):
                yield f"{where}: no comment says which release the SHA is: {match[1]}"


def targets(project: BakedProject) -> Iterator[str]:
    """Yield make targets that a pipeline calls and the Makefile does not have."""
    known = set(re.findall(r"^([a-z][a-z-]*):", project.read("Makefile"), re.MULTILINE))
    for path, text in pipelines(project):
        for match in TARGET.finditer(text):
            if match[1] not in known:
                yield f"{path}:{line_of(text, match.start())}: make has no target {match[1]}"


def schemas(project: BakedProject) -> Iterator[str]:
    """Yield what a pipeline's own schema does not allow."""
    for path, content in project.files().items():
        for start, schema in SCHEMAS.items():
            if path.startswith(start):
                yield from (f"{path}:{fault}" for fault in schema_faults(schema, content))


@cache
def schema_faults(schema: str, content: bytes) -> list[str]:
    """Return what a schema that is shipped with check-jsonschema does not allow."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "given.yaml"  # JSON is YAML
        file.write_bytes(content)
        command = [tool("check-jsonschema"), "--builtin-schema", schema, "--output-format", "json"]
        done = subprocess.run(
            [*command, str(file)], check=False, capture_output=True, text=True, timeout=60
        )
    if done.returncode == 0:
        return []
    said = json.loads(done.stdout)
    faults = [f"1: {error['path']}: {error['message']}" for error in said.get("errors", [])]
    return faults + [f"1: {error['message']}" for error in said.get("parse_errors", [])]


def actionlint(project: BakedProject) -> Iterator[str]:
    """Yield what cannot work in a workflow: contexts, expressions, inputs of well-known actions."""
    for path, content in project.files().items():
        if path.startswith(".github/workflows/"):
            yield from (f"{path}:{fault}" for fault in actionlint_faults(content))


@cache
def actionlint_faults(content: bytes) -> list[str]:
    """Return actionlint's findings; none where it does not install."""
    if not Path(tool("actionlint")).exists():
        return []
    alone = ("-shellcheck=", "-pyflakes=", "-format", "{{json .}}", "-")
    command = [tool("actionlint"), *alone]
    done = subprocess.run(command, check=False, input=content, capture_output=True, timeout=60)
    if done.returncode > 1:
        return [f"1: actionlint failed: {done.stderr.decode().strip()}"]
    found = json.loads(done.stdout or "[]") or []
    return [f"{fault['line']}: {fault['kind']}: {fault['message']}" for fault in found]


def zizmor(project: BakedProject) -> Iterator[str]:
    """Yield what an attacker could use in a workflow."""
    for path, content in project.files().items():
        if path.startswith((".github/workflows/", ".github/dependabot")):
            yield from (f"{path}:{fault}" for fault in zizmor_faults(path, content))


@cache
def zizmor_faults(path: str, content: bytes) -> list[str]:
    """Return zizmor's findings, as line and description."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / path
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
        command = [tool("zizmor"), "--offline", "--no-progress", "--format", "json", folder]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    if not done.stdout:
        return [f"1: zizmor failed: {done.stderr.strip()}"]
    faults = []
    for found in json.loads(done.stdout):
        line = found["locations"][0]["concrete"]["location"]["start_point"]["row"] + 1
        faults.append(f"{line}: {found['ident']}: {found['desc']}")
    return faults
