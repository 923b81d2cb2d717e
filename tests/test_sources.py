"""Rules that every file of the repository keeps, the template's source included."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest
import yaml
from rendering import SOURCE, TEMPLATE

MAX_MODULE_LINES = 300
# What cookiecutter copies as it is: a page's own Jinja belongs to the project.
UNRENDERED = {".py", ".html", ".md", ".css", ".js", ".svg"}
PACKAGE = "{{ cookiecutter.__package }}"

# Spelled with escapes, so that this file does not hold what it forbids.
REGISTRY = re.compile(
    r"(pyp[i]|python[h]osted|npmj[s]|de[b]\.debian|download\.pytorch|conda)\.(org|com|io)"
)
MACHINE_PATH = re.compile(r"(?<![\w.{}~-])/(home|root|tmp|work|Users|mnt|private)/\w")
PLACEHOLDER = re.compile(r"\b(TO[D]O|FIX[M]E|X[X]X|T[B]D|lorem[ ]ipsum)\b|\bassert (True|False)\b")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
PICTURE = ".webp"
# Formats that run code when they are read.
PICKLING = {"pickle", "joblib", "dill", "cloudpickle", "shelve", "marshal"}


@cache
def files() -> list[Path]:
    """Return every file that git holds or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=TEMPLATE,
        capture_output=True,
        check=True,
        text=True,
    )
    paths = [TEMPLATE / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def name(path: Path) -> str:
    """Return a file's name in the repository."""
    return path.relative_to(TEMPLATE).as_posix()


def offences(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    """Return each place that matches, as file, line number and match."""
    return [
        f"{name(path)}:{number}: {match.group()}"
        for path in paths
        if path.suffix != PICTURE
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        for match in pattern.finditer(line)
    ]


def modules(folder: Path = TEMPLATE) -> list[Path]:
    """Return the Python files below a folder."""
    return [path for path in files() if path.suffix == ".py" and path.is_relative_to(folder)]


def source() -> list[Path]:
    """Return the modules of the package that is rendered."""
    return modules(SOURCE / "src")


@cache
def imports(path: Path) -> set[str]:
    """Return the top-level names that a module imports absolutely."""
    tree = ast.parse(path.read_text("utf-8").replace(PACKAGE, "package"))
    found = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    found |= {
        node.module or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level == 0
    }
    return {module.partition(".")[0] for module in found}


def test_the_package_holds_no_jinja() -> None:
    assert source()
    assert offences(re.compile(r"cookiecutter|\{%|\{#|^\s*#%"), source()) == []


def test_everything_in_the_source_that_is_rendered_holds_no_jinja_either() -> None:
    others = [p for p in files() if p.is_relative_to(SOURCE / "src") and p.suffix not in UNRENDERED]

    assert offences(re.compile(r"\{\{|\{%|\{#|^\s*#%"), others) == []


def test_tests_of_the_project_hold_no_jinja_but_the_name_of_the_package() -> None:
    others = re.compile(r"(?!\{\{ cookiecutter\.__package \}\})\{\{|\{%|\{#|^\s*#%")

    assert offences(others, modules(SOURCE / "tests")) == []


def test_the_package_imports_itself_relatively() -> None:
    assert {name(path) for path in source() if "flight_delay" in imports(path)} == set()


def test_nothing_is_pickled() -> None:
    importing = {
        name(path): imports(path) & PICKLING for path in source() + modules(SOURCE / "tests")
    }
    calls = re.compile(
        r"(?<!safetensors\.)\btorch\.(save|load)\(|allow_pickle=True|\bto_pickle\b|\bread_pickle\b"
    )

    assert {path: used for path, used in importing.items() if used} == {}
    assert offences(calls, source()) == []


def test_no_module_is_longer_than_a_sitting() -> None:
    lengths = {name(path): len(path.read_text("utf-8").splitlines()) for path in modules()}

    assert {path: n for path, n in lengths.items() if n > MAX_MODULE_LINES} == {}


def test_no_registry_is_named_by_its_address() -> None:
    assert offences(REGISTRY, files()) == []


def test_no_path_of_somebodys_machine_is_written_down() -> None:
    assert offences(MACHINE_PATH, [path for path in files() if path != Path(__file__)]) == []


def test_nothing_is_left_to_be_done_later() -> None:
    assert offences(PLACEHOLDER, files()) == []


@pytest.mark.parametrize("folder", [TEMPLATE, SOURCE], ids=["template", "project"])
def test_constraints_pin_versions_that_every_machine_can_have(folder: Path) -> None:
    text = (folder / "constraints.txt").read_text("utf-8")
    lines = [line for line in text.splitlines() if line and line[0] != "#"]
    pin = re.compile(r"[A-Za-z0-9._-]+==[^\s+@/]+( ?;.*)?")  # no address, no local version

    assert lines
    assert [line for line in lines if not pin.fullmatch(line)] == []
    assert [line for line in lines if line.startswith(("nvidia-", "triton=", "cuda-"))] == []


@pytest.mark.parametrize("folder", [TEMPLATE, SOURCE], ids=["template", "project"])
def test_hooks_of_pre_commit_run_the_tools_of_our_own_environment(folder: Path) -> None:
    text = (folder / ".pre-commit-config.yaml").read_text("utf-8")

    for repository in yaml.safe_load(text)["repos"]:
        assert repository["repo"] == "local"
        assert {hook["language"] for hook in repository["hooks"]} == {"system"}


def pages() -> list[Path]:
    """Return the Markdown pages of the template itself."""
    return [p for p in files() if p.suffix == ".md" and not p.is_relative_to(SOURCE)]


@pytest.mark.parametrize("folder", [TEMPLATE, SOURCE], ids=["template", "project"])
def test_every_target_for_people_is_explained_by_make_help(folder: Path) -> None:
    makefile = (folder / "Makefile").read_text("utf-8")
    phony = set(" ".join(re.findall(r"^\.PHONY:(.*)$", makefile, re.MULTILINE)).split())

    assert phony
    assert {t for t in phony if not re.search(rf"^{t}:.*## \w", makefile, re.MULTILINE)} == set()


def test_every_link_in_the_documentation_leads_somewhere() -> None:
    broken = [
        f"{name(page)}: {target}"
        for page in pages()
        for target in LINK.findall(page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]

    assert broken == []
