"""What the answers decide: which files are there, the licence, the version of Python."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from rendering import BakedProject, load_hook

from .options import RECORD, owners
from .template import rendered_files
from .texts import line_of

# In these folders every file is there for an answer.
CHOSEN = (".github/", ".gitlab/", "deploy/compose/", "deploy/kubernetes/")
# Every way in which a file names a version of Python.
VERSION = re.compile(
    r'(?:[Pp]ython(?:[:/ ]|-version: ?"?|_version = "|:\d-)|requires-python = ">='
    r"|:: Python :: |\bpy)(3\.?\d\d)(?![\d.])"
)
UNVERSIONED = ("src/", "tests/", "constraints.txt", "configs/", "notebooks/")
WORDS = {
    "MIT": "Permission is hereby granted, free of charge",
    "BSD-3-Clause": "Redistribution and use in source and binary forms",
    "Proprietary": "All rights reserved",
}


def expression(licence: str) -> str:
    """Return a licence as SPDX writes it."""
    return "LicenseRef-Proprietary" if licence == "Proprietary" else licence


def ownership(project: BakedProject) -> Iterator[str]:
    """Yield files that the answers do not ask for, and those that they ask for in vain."""
    hook, found = load_hook("post_gen_project"), set(project.files())
    rendered = set(rendered_files(project))
    unwanted = set(hook.unwanted(project.all_answers))
    unwanted |= {path for path in rendered if owners(path) - project.options}
    owned = {path for answer in hook.MANIFEST for path in hook.owned(answer)}
    for path in sorted(found & unwanted):
        yield f"{path}:1: belongs to an answer that was not given"
    for path in sorted(found - rendered - {hook.RECORD, RECORD}):
        yield f"{path}:1: belongs to no answer, nor to the template"
    for path in sorted(rendered - unwanted - found):
        yield f"{path}:1: is missing, although the answers ask for it"
    for path in sorted(found - owned):
        if path.startswith(CHOSEN):
            yield f"{path}:1: is owned by no answer: name it in hooks/post_gen_project.py"


def licence(project: BakedProject) -> Iterator[str]:
    """Yield places that name another licence than the one that was chosen."""
    chosen = project.all_answers["license"]
    text = " ".join(project.read("LICENSE").split())
    for other, words in WORDS.items():
        if (words in text) != (other == chosen):
            said = "does not say" if other == chosen else "says"
            yield f"LICENSE:1: {said} '{words}', and the licence is {chosen}"
    pyproject = project.read("pyproject.toml")
    table = tomllib.loads(pyproject)["project"]
    if table["license"] != expression(chosen):
        line = line_of(pyproject, pyproject.index("\nlicense =") + 1)
        yield f"pyproject.toml:{line}: says {table['license']}, and the licence is {chosen}"
    private = "Private :: Do Not Upload" in table.get("classifiers", [])
    if private != (chosen == "Proprietary"):
        yield f"pyproject.toml:1: whether it may be uploaded does not fit the licence {chosen}"
    if (project.path / "Dockerfile").exists():
        label = re.compile(r'licenses="([^"]*)"').search(project.read("Dockerfile"))
        if label is None or label[1] != expression(chosen):
            yield f"Dockerfile:1: its label names another licence than {chosen}"


def python_version(project: BakedProject) -> Iterator[str]:
    """Yield places that name another version of Python than the one that was chosen."""
    chosen = project.all_answers["python_version"]
    for path, content in project.files().items():
        if not path.startswith(UNVERSIONED):
            text = content.decode("utf-8")
            for match in VERSION.finditer(text):
                if match[1].replace(".", "") != chosen.replace(".", ""):
                    where = f"{path}:{line_of(text, match.start(1))}"
                    yield f"{where}: names Python {match[1]}, and the version is {chosen}"
