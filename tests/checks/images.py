"""Images, compose and Kubernetes, as far as a linter and schemas can judge them."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from functools import cache

import kubernetes_validate
import yaml
from rendering import BakedProject

from .pipelines import schema_faults, tool

KUBERNETES = "1.34"
FOLDER = "deploy/kubernetes/"
# What no cluster knows, but kustomize.
KUSTOMIZATION = f"{FOLDER}kustomization.yaml"


def dockerfile(project: BakedProject) -> Iterator[str]:
    """Yield what hadolint finds in the Dockerfile."""
    if content := project.files().get("Dockerfile"):
        yield from (f"Dockerfile:{fault}" for fault in hadolint_faults(content))


@cache
def hadolint_faults(content: bytes) -> list[str]:
    """Return hadolint's findings, as line, rule and message."""
    command = [tool("hadolint"), "--format", "json", "-"]
    done = subprocess.run(command, check=False, input=content, capture_output=True, timeout=60)
    return [
        f"{found['line']}: {found['code']}: {found['message']}"
        for found in json.loads(done.stdout or b"[]")
    ]


def nobody(project: BakedProject) -> Iterator[str]:
    """Yield images that run as root."""
    for name, (line, lines) in stages(project.files().get("Dockerfile", b"").decode()).items():
        users = [words.split()[1] for words in lines if words.startswith("USER ")]
        if any(words.startswith(("CMD ", "ENTRYPOINT ")) for words in lines):
            runs = any(words.startswith("CMD ") for words in lines)
            if runs and (not users or not re.fullmatch(r"[1-9]\d*", users[-1])):
                yield f"Dockerfile:{line}: {name} runs as root: it names no USER by number"


def stages(text: str) -> dict[str, tuple[int, list[str]]]:
    """Return each stage of a Dockerfile by its name: the line of its FROM, and its lines."""
    found: dict[str, tuple[int, list[str]]] = {}
    current: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if match := re.fullmatch(r"FROM \S+ AS (\S+)", line):
            current = []
            found[match[1]] = (number, current)
        elif line.startswith("  CMD ") and current and current[-1].startswith("HEALTHCHECK"):
            current[-1] += line
        else:
            current.append(line)
    return found


def compose(project: BakedProject) -> Iterator[str]:
    """Yield what the specification of compose does not allow, and volumes that nobody declares."""
    content = project.files().get("compose.yaml")
    if content is None:
        return
    yield from (f"compose.yaml:{fault}" for fault in schema_faults("vendor.compose-spec", content))
    given = yaml.safe_load(content)
    for name, service in given["services"].items():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            if "/" not in source and source not in given["volumes"]:
                yield f"compose.yaml:1: {name} mounts {source}, which is no volume"
            elif source.startswith("./deploy") and not (project.path / source).exists():
                yield f"compose.yaml:1: {name} mounts {source}, which is not there"


def kubernetes(project: BakedProject) -> Iterator[str]:
    """Yield what Kubernetes would refuse, and manifests that kustomize does not know or find."""
    files = project.files()
    manifests = {path for path in files if path.startswith(FOLDER)} - {KUSTOMIZATION}
    if KUSTOMIZATION in files:
        named = yaml.safe_load(files[KUSTOMIZATION])["resources"]
        for path in sorted({f"{FOLDER}{name}" for name in named} ^ manifests):
            yield f"{KUSTOMIZATION}:1: resources and files differ in {path}"
    for path in sorted(manifests):
        yield from (f"{path}:{fault}" for fault in manifest_faults(files[path]))


@cache
def manifest_faults(content: bytes) -> list[str]:
    """Return what the schemas of Kubernetes do not allow."""
    faults = []
    for given in yaml.safe_load_all(content):
        try:
            kubernetes_validate.validate(given, KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError as error:
            place = ".".join(str(step) for step in error.path)
            faults.append(
                f"1: {given['kind']} {given['metadata']['name']}: {place}: {error.message}"
            )
    return faults
