"""A project made from an older commit of the template takes over what has changed since."""

from __future__ import annotations

import json
import math
import random
import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from checks.pipelines import tool
from rendering import TEMPLATE, BakedProject, Ran, run

pytestmark = pytest.mark.slow

Files = Mapping[str, bytes]

# Where no release is tagged yet, the update begins at the commit that added this.
BEFORE_RELEASES = "{{cookiecutter.project_slug}}/scripts/parts.toml"
# A table of their own, by which `adopt` replaces the example's contract, transform and features.
ADOPT = ("adopt", "customers.csv", "--target", "churned", "--time", "signed_up", "--id", "customer")
PACKAGE = "src/flight_delay"
PAGER = "pager: {kind: webhook, url_from: PAGER_URL} # ours"
KINDS, WATCHES = f"{PACKAGE}/training/kinds", f"{PACKAGE}/monitoring/watches"
# What people do to a project: (file, text that is there, what they put in its place).
SPACES = f"{PACKAGE}/training/tuning/spaces.py"
EDITS = (
    ("configs/train.yaml", "", "# Ours: agreed with operations.\n"),
    ("configs/contract.yaml", "", "# Ours: the customers whom we have.\n"),
    (
        f"{PACKAGE}/data/transform.py",
        "    return rows\n",
        "    return rows.filter(rows.age >= 18)\n",
    ),
    (
        f"{PACKAGE}/models/features.py",
        "    return {}\n",
        '    return {"cost": columns["spend"] * 12}\n',
    ),
    (f"{KINDS}/__init__.py", '    "lightgbm",\n', '    "lightgbm",\n    "ours",\n'),
    (f"{WATCHES}/__init__.py", "    staleness,\n", "    staleness,\n    ours,\n"),
    (f"{WATCHES}/__init__.py", "    parity.judge,\n", "    parity.judge,\n    ours.judge,\n"),
    (SPACES, '    "lightgbm": {\n', '    "ours": {**NETWORKS},\n    "lightgbm": {\n'),
    ("configs/monitor.yaml", "quality: {", "quality: {route: [log, file, pager], "),
    ("configs/monitor.yaml", "  log: {kind: log}\n", f"  log: {{kind: log}}\n  {PAGER}\n"),
    ("README.md", "# Flight Delay\n", "# Flight Delay, as we run it\n"),
    ("Makefile", "help: ##", "nightly: data train monitor ## ours\n\nhelp: ##"),
)
WATCH = '''"""Ours: weeks in which hardly anybody comes."""

from ..finding import Finding
from ..seen import Seen

LEAST = 10


def judge(seen: Seen) -> list[Finding]:
    """The rows of a window."""
    rows = len(seen.window.rows)
    few = {"kind": "throughput", "subject": "ours", "measure": "few", "limit": float(LEAST)}
    return [Finding(value=float(rows), rows=rows, **few)] if rows < LEAST else []
'''
OWN = {f"{KINDS}/ours.py", f"{WATCHES}/ours.py", "customers.csv"}
GONE = {"notebooks/explore.ipynb"}


def git(folder: Path, *arguments: str) -> str:
    """Run git and return what it printed."""
    return run("git", *arguments, cwd=folder).output.strip()


def put(folder: Path, message: str) -> str:
    """Commit everything that lies in a folder, and return the commit."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def older_commit() -> str:
    """Return the newest release before this commit, or an early commit where there is none."""
    command = ("git", "describe", "--tags", "--abbrev=0", "HEAD^")
    tagged = run(*command, cwd=TEMPLATE, check=False)
    if tagged.exit_code == 0:
        return tagged.output.strip()
    added = ("log", "--diff-filter=A", "--format=%H", "--", BEFORE_RELEASES)
    return (git(TEMPLATE, *added) or git(TEMPLATE, "rev-list", "--max-parents=0", "HEAD")).split()[
        -1
    ]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository of the template as it was at the older commit."""
    folder = tmp_path_factory.mktemp("template") / "template"
    folder.mkdir()
    archive = subprocess.run(
        ["git", "archive", older_commit()], cwd=TEMPLATE, check=True, capture_output=True
    )
    subprocess.run(["tar", "--extract"], cwd=folder, input=archive.stdout, check=True)
    git(folder, "init", "--quiet")
    put(folder, "The older template")
    return folder


def bring_up_to_date(template: Path) -> None:
    """Commit the working tree of this repository to the template's."""
    listed = git(TEMPLATE, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for entry in template.iterdir():
        if entry.name != ".git":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    for name in filter(None, listed.split("\0")):
        if (TEMPLATE / name).is_file():
            (template / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TEMPLATE / name, template / name)
    put(template, "The template as it is")


def cruft(folder: Path, *arguments: str | Path, check: bool = True) -> Ran:
    """Run cruft, apart from the settings of whoever runs the tests."""
    home = {"HOME": str(folder.parent), "XDG_CONFIG_HOME": str(folder.parent)}
    return run(tool("cruft"), *arguments, cwd=folder, check=check, timeout_s=300, **home)


def customers() -> str:
    """Return a table: those who pay much, and are young, leave."""
    draw = random.Random(0)  # noqa: S311 - rows, not secrets
    lines = ["customer,signed_up,plan,age,spend,churned"]
    for number in range(3_000):
        day = date(2024, 1, 1) + timedelta(days=number // 10)
        age, spend = draw.randint(18, 90), round(draw.uniform(1, 100), 2)
        leaves = draw.random() < 1 / (1 + math.exp(4 - spend / 15 + (age - 50) / 20))
        plan = draw.choice(("basic", "plus", "family"))
        lines.append(f"c{number},{day},{plan},{age},{spend},{'yes' if leaves else 'no'}")
    return "\n".join(lines) + "\n"


def edit(project: BakedProject, python: Path) -> None:
    """Do to a project what people do to theirs, and commit it."""
    (project.path / "customers.csv").write_text(customers(), "utf-8")
    command(project, python, *ADOPT)
    for path, old, new in EDITS:
        text = project.read(path)
        assert old in text, path
        (project.path / path).write_text(text.replace(old, new, 1) if old else new + text, "utf-8")
    kind = project.read(f"{KINDS}/mlp.py").replace('"""', '"""Ours. ', 1)
    (project.path / KINDS / "ours.py").write_text(kind, "utf-8")
    (project.path / WATCHES / "ours.py").write_text(WATCH, "utf-8")
    for path in GONE:
        (project.path / path).unlink()
    put(project.path, "Make it ours")


def command(project: BakedProject, python: Path, *arguments: str, **options: Any) -> Ran:
    """Run a command of the project's own source in an environment that was made before."""
    where = {"PYTHONPATH": str(project.path / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    return project.run(python, "-m", "flight_delay", *arguments, **where, **options)


@pytest.fixture(scope="module")
def project(
    template: Path, ready: BakedProject, tmp_path_factory: pytest.TempPathFactory
) -> BakedProject:
    """Return an edited project of the older template, once the template has moved on."""
    folder = tmp_path_factory.mktemp("made")
    cruft(folder, "create", template, "--no-input", "--default-config")
    made = BakedProject(folder / "flight-delay", {})
    put(made.path, "The record of cruft")
    assert cruft(made.path, "check").exit_code == 0
    edit(made, ready.python)
    bring_up_to_date(template)
    return made


def test_a_project_takes_over_what_has_changed_and_keeps_what_its_people_did(
    project: BakedProject, template: Path, ready: BakedProject, tmp_path: Path
) -> None:
    assert cruft(project.path, "check", check=False).exit_code == 1
    assert "diff --git" in cruft(project.path, "diff").output

    before = project.files()
    cruft(project.path, "update", "--skip-apply-ask")

    held = project.files()
    assert [path for path in held if path.endswith((".rej", ".orig"))] == []
    assert "<<<<<<<" not in "".join(git(project.path, "diff", "HEAD").splitlines())
    assert cruft(project.path, "check").exit_code == 0
    record = json.loads(project.read(".cruft.json"))
    assert record["commit"] == git(template, "rev-parse", "HEAD")
    for path, _, new in EDITS:
        assert new.strip() in project.read(path), path
    assert held.keys() >= OWN
    assert held.keys() & GONE == set()
    untouched_is_as_if_made_today(project, template, tmp_path)
    the_suite_still_passes(project, ready, before)


def untouched_is_as_if_made_today(project: BakedProject, template: Path, folder: Path) -> None:
    """Compare all that nobody edited with a project of today's template."""
    cruft(folder, "create", template, "--no-input", "--default-config")
    today = BakedProject(folder / "flight-delay", {})
    skipped = tomllib.loads(today.read("pyproject.toml"))["tool"]["cruft"]["skip"]
    own = {file for each in skipped for file in today.path.glob(each) if file.is_file()}
    theirs = {file.relative_to(today.path).as_posix() for file in own}
    theirs |= {path for path, _, _ in EDITS} | {".cruft.json", ".rendered.json"} | OWN | GONE
    now, held = today.files(), project.files()

    differ = {path for path in now.keys() | held.keys() if now.get(path) != held.get(path)}
    assert differ <= theirs


def the_suite_still_passes(project: BakedProject, ready: BakedProject, before: Files) -> None:
    """Run the project's own tests, and its own data and training, with all that was edited."""
    own = {"configs/contract.yaml", f"{PACKAGE}/data/transform.py", f"{PACKAGE}/models/features.py"}
    assert {path: project.files()[path] == before[path] for path in own | OWN} == dict.fromkeys(
        own | OWN, True
    )
    source = str(project.path / "src")
    tests = ("-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider")
    chosen = ("-m", "not slow and not model")
    project.run(ready.python, *tests, *chosen, PYTHONPATH=source, timeout_s=1800)
    for step in (("data",), ("train", "--set", "train.model.kind=ours")):
        command(project, ready.python, *step, timeout_s=600)
    assert list((project.path / "bundles").rglob("model.onnx"))


def test_a_core_project_becomes_a_full_one_but_for_its_settings(
    project: BakedProject, template: Path, tmp_path: Path
) -> None:
    made = {}  # `project` has brought the template up to date
    for profile in ("core", "full"):
        (tmp_path / profile).mkdir()
        answers = json.dumps({"profile": profile})
        options = ("--no-input", "--default-config", "--extra-context", answers)
        cruft(tmp_path / profile, "create", template, *options)
        made[profile] = BakedProject(tmp_path / profile / "flight-delay", {})
    core, full = made["core"], made["full"]
    put(core.path, "The record of cruft")

    grown = json.dumps({"profile": "full"})
    cruft(core.path, "update", "--skip-apply-ask", "--variables-to-update", grown)

    now, wanted = core.files(), full.files()
    differ = {path for path in now.keys() | wanted.keys() if now.get(path) != wanted.get(path)}
    assert differ == {"configs/monitor.yaml", "configs/train.yaml"}


def test_an_update_touches_none_of_the_files_that_are_the_persons_own(
    default_own: set[str],
) -> None:
    assert {
        "configs/contract.yaml",
        "configs/data.yaml",
        "configs/train.yaml",
        "src/flight_delay/data/transform.py",
        "src/flight_delay/models/features.py",
    } <= default_own


@pytest.fixture
def default_own(default: BakedProject) -> set[str]:
    """Return the files of a render that updates pass over."""
    skipped = tomllib.loads(default.read("pyproject.toml"))["tool"]["cruft"]["skip"]
    found = {each: list(default.path.glob(each)) for each in skipped}
    assert all(found[each] for each in skipped if each != ".git"), "it names nothing"
    return {
        file.relative_to(default.path).as_posix()
        for files in found.values()
        for file in files
        if file.is_file()
    }
