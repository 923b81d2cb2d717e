"""Random sequences of add, remove, update and edits: no line of an owner's is ever lost.

SEQUENCES says how many, FIRST_SEQUENCE from which on; docs/decisions/ has the figure of a long run.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from random import Random
from threading import Lock

import pytest
from owners import MARKS, Owner
from rendering import BakedProject, Ran, answers_of_options
from templates import Workshop, git, make_workshop, put

pytestmark = pytest.mark.slow
SEQUENCES = int(os.environ.get("SEQUENCES", "40"))
FIRST = int(os.environ.get("FIRST_SEQUENCE", "0"))
SEEDS = range(FIRST, FIRST + SEQUENCES)
ONE_BY_ONE = Lock()
STEPS = 3
CHANGES = 24
"""Files of each kind that a version of the template edits, moves or deletes."""
SOURCE = "{{cookiecutter.project_slug}}"
ROOM = f"{SOURCE}/src/{{{{cookiecutter.__package}}}}"
counted: Counter[str] = Counter()


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Return a template with three versions: edited, moved and deleted files and a new one each."""
    workshop = make_workshop(tmp_path_factory.mktemp("workshop"))
    folder = workshop.template
    git(folder, "tag", "v1")
    theirs = {"example.py", "features.py", "transform.py"}  # which the hook looks for
    files = sorted(file for file in (folder / ROOM).rglob("*.py") if file.name not in theirs)
    draw = Random(0)  # noqa: S311 - a choice, no secret
    for version in ("v2", "v3"):
        changing = draw.sample([file for file in files if file.exists()], 3 * CHANGES)
        for edited, moved, deleted in zip(*[iter(changing)] * 3, strict=True):
            edited.write_text(
                f"# {version}\n" + edited.read_text("utf-8") + f"\n# {version}\n", "utf-8"
            )
            moved.rename(moved.with_name(f"{version}_{moved.name}"))
            deleted.unlink()
        (folder / SOURCE / "configs" / f"{version}.yaml").write_text("a: 1\n")
        page = folder / SOURCE / "README.md"
        page.write_text(page.read_text("utf-8").replace("\n## ", f"\n{version}\n\n## ", 1), "utf-8")
        put(folder, version)
        git(folder, "tag", version)
    git(folder, "checkout", "--quiet", "v1")
    return workshop


def change(workshop: Workshop, owner: Owner, draw: Random) -> Ran:
    """Add, remove or update, and hold what came of it to what was promised."""
    project = BakedProject(owner.project, {})
    record = json.loads(project.read(".cruft.json"))
    now = set(record["context"]["cookiecutter"]["options"].replace(",", "").split())
    verb = draw.choice(("add", "remove", "update"))
    few = sorted(now) if verb == "remove" else sorted(answers_of_options().keys() - now)
    if verb == "update" or not few:
        words = ["update", draw.choice(("v1", "v2", "v3"))]
    else:
        words = [verb, *draw.sample(few, min(len(few), draw.randint(1, 3)))]
    ran = project.run("python3", "scripts/options.py", *words, check=False, **workshop.environment)
    assert ran.exit_code in {0, 1}, str(ran)
    assert "Traceback" not in ran.output, str(ran)
    named = {
        line.removeprefix("conflict  ")
        for line in ran.output.splitlines()
        if line.startswith("conflict  ")
    }
    held = set(git(project.path, "diff", "--name-only", "--diff-filter=U").splitlines())
    marked = {path for path in owner.files() if holds_marks(project, path)}
    assert marked <= named == held, str(ran)
    assert bool(named) == bool(ran.exit_code), str(ran)
    assert owner.lost() == set(), f"{words}\n{ran}"
    with ONE_BY_ONE:
        what = [words[0], *(["conflicts"] * len(named)), *(["with conflict"] if named else [])]
        counted.update(what)
    for path in named:
        owner.resolve(path)
    put(project.path, " ".join(words))
    assert owner.lost() == set()
    return ran


def holds_marks(project: BakedProject, path: str) -> bool:
    """Say whether a file holds what git leaves in a conflict."""
    file = project.path / path
    return file.exists() and f"\n{MARKS[0]}".encode() in b"\n" + file.read_bytes()


def as_rendered(workshop: Workshop, owner: Owner, folder: Path) -> None:
    """Hold what the owner never touched to a fresh render of the same commit and options."""
    project = BakedProject(owner.project, {})
    record = json.loads(project.read(".cruft.json"))
    template = folder / "template"
    options = record["context"]["cookiecutter"]["options"]
    with ONE_BY_ONE:
        place = (str(template), record["commit"])
        git(workshop.template, "worktree", "add", "--quiet", "--detach", *place)
    workshop.cookiecutter(folder, "--default-config", template, f"options={options}")
    with ONE_BY_ONE:
        git(workshop.template, "worktree", "remove", "--force", str(template))
    fresh, now = BakedProject(folder / "flight-delay", {}).files(), project.files()
    differ = {path for path in fresh.keys() | now.keys() if fresh.get(path) != now.get(path)}
    theirs = {path for path in differ if moved_by(path, owner)}
    kept = {"configs", "CODEOWNERS"}  # files of the owner's, which updates pass over
    assert {p for p in differ - theirs if p.split("/")[0] not in kept} <= {
        ".cruft.json", ".rendered.json", "tests/data/test_example.py"
    }  # fmt: skip


def moved_by(path: str, owner: Owner) -> bool:
    """Say whether a path is one that the owner has touched, or where a file of theirs has gone."""
    if Path(path).name.partition("_")[0] in {"moved", "v2", "v3"}:
        return True
    return path in {unmoved(touched) for touched in owner.touched} | owner.touched


def unmoved(path: str) -> str:
    """Return where a file was before a version of the template moved it."""
    return str(Path(path).with_name(Path(path).name.removeprefix("v2_").removeprefix("v3_")))


def play(workshop: Workshop, seed: int, folder: Path) -> None:
    """Play one sequence: edits and a command, a few times."""
    draw = Random(seed)  # noqa: S311 - a choice, no secret
    options = draw.sample(sorted(answers_of_options()), draw.randint(0, 4))
    start = folder / "start"
    shown = ", ".join(sorted(options)) or "none"
    workshop.cookiecutter(start, "--default-config", workshop.template, f"options={shown}")
    owner = Owner(start / "flight-delay", draw)
    for _ in range(STEPS):
        for _ in range(draw.randint(1, 3)):
            owner.edit()
        change(workshop, owner, draw)
    (folder / "fresh").mkdir()
    as_rendered(workshop, owner, folder / "fresh")
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def playing(
    workshop: Workshop, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[int, Future[None]]]:
    """Play all sequences, two at a time: each is a chain of programs that wait for each other."""
    with ThreadPoolExecutor(2) as threads:
        yield {
            seed: threads.submit(play, workshop, seed, tmp_path_factory.mktemp(f"seed-{seed}"))
            for seed in SEEDS
        }


@pytest.mark.parametrize("seed", SEEDS)
def test_no_line_of_an_owner_is_lost_and_each_conflict_is_named(
    playing: dict[int, Future[None]], seed: int
) -> None:
    playing[seed].result()


def test_the_sequences_did_all_that_they_are_for() -> None:
    print(sorted(counted.items()))
    if SEQUENCES >= 40:
        assert min(counted[what] for what in ("add", "remove", "update", "with conflict")) > 5
