"""Options come and go, and a project takes over what the template has changed, by a command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from checks.pipelines import tool
from rendering import IDENTITY, BakedProject, run
from templates import Workshop, git, make_workshop, put

pytestmark = pytest.mark.slow
PACKAGE = "src/flight_delay"
SOURCE = "{{cookiecutter.project_slug}}"
NOTE = "## 9.9.9\n\nNew.\n\n### What a project's owner has to do\n\nWater the plants.\n\n"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Return a workshop whose template no test changes."""
    return make_workshop(tmp_path_factory.mktemp("workshop"))


@pytest.fixture
def workshop(shared: Workshop, tmp_path: Path) -> Workshop:
    """Return a workshop with a template of its own."""
    shutil.copytree(shared.template, tmp_path / "template")
    return Workshop(tmp_path / "template", shared.environment)


def made(workshop: Workshop, where: Path, *words: str) -> BakedProject:
    """Return a project that plain cookiecutter rendered."""
    workshop.cookiecutter(where, "--default-config", workshop.template, *words)
    return BakedProject(where / "flight-delay", {})


def record(project: BakedProject) -> dict[str, str]:
    """Return what a project knows of its template, and its options."""
    known: dict[str, Any] = json.loads(project.read(".cruft.json"))
    return known | {"options": known["context"]["cookiecutter"]["options"]}


def move_on(workshop: Workshop) -> str:
    """Commit a line of core, a file and a note for owners to the template; return the commit."""
    core = workshop.template / SOURCE / "src" / "{{cookiecutter.__package}}" / "errors.py"
    core.write_text(core.read_text("utf-8") + "\n# news\n", "utf-8")
    (workshop.template / SOURCE / "configs" / "news.yaml").write_text("a: 1\n")
    changelog = workshop.template / "CHANGELOG.md"
    changelog.write_text(changelog.read_text("utf-8").replace("\n## ", f"\n{NOTE}## ", 1), "utf-8")
    return put(workshop.template, "Move on")


def same_as_today(workshop: Workshop, project: BakedProject, folder: Path, options: str) -> None:
    """Hold a project that nobody edited to one that is rendered with its options now."""
    today = made(workshop, folder, f"options={options}")
    assert project.files() == today.files()


def test_an_option_comes_and_goes(shared: Workshop, tmp_path: Path) -> None:
    project = made(shared, tmp_path / "a")
    assert record(project)["options"] == "monitoring_page, report"

    shown = shared.make(project, "add", "OPTION=tuning", "ARGS=--diff")
    assert f"+++ b/{PACKAGE}/training/tuning/job.py" in shown.output
    assert git(project.path, "status", "--porcelain") == ""

    ran = shared.make(project, "add", "OPTION=tuning, tabm")
    assert f"A\t{PACKAGE}/training/kinds/tabm.py" in ran.output
    same_as_today(shared, project, tmp_path / "b", "monitoring_page, report, tabm, tuning")
    put(project.path, "More")
    shared.make(project, "remove", "OPTION=report tuning")
    same_as_today(shared, project, tmp_path / "c", "monitoring_page, tabm")
    assert [p for p in project.package.rglob("*") if p.is_dir() and not any(p.iterdir())] == []


def test_an_unknown_option_is_answered_by_the_nearest(shared: Workshop, tmp_path: Path) -> None:
    project = made(shared, tmp_path / "a")

    for verb in ("add", "remove"):
        ran = shared.make(project, verb, "OPTION=tunning", check=False)
        assert ran.exit_code != 0
        assert "'tunning' is no option. Did you mean tuning? There are: challenger, " in ran.output
    assert "usage: make add OPTION=" in shared.make(project, "add", check=False).output
    assert git(project.path, "status", "--porcelain") == ""


def test_what_is_not_committed_is_refused_with_two_ways_out(
    shared: Workshop, tmp_path: Path
) -> None:
    project = made(shared, tmp_path / "a")
    (project.path / "mine.txt").write_text("mine\n")

    ran = shared.make(project, "add", "OPTION=tabm", check=False)

    assert ran.exit_code != 0
    assert "?? mine.txt" in ran.output
    assert "git add --all && git commit" in ran.output
    assert "git stash --include-untracked" in ran.output
    assert not (project.package / "training/kinds/tabm.py").exists()


def test_an_option_brings_what_it_needs_and_holds_it(workshop: Workshop, tmp_path: Path) -> None:
    prompts = workshop.template / "cookiecutter.json"
    needing = prompts.read_text("utf-8").replace('"tabm": []', '"tabm": ["sql", "explain"]')
    prompts.write_text(needing, "utf-8")
    put(workshop.template, "Let one need others")
    project = made(workshop, tmp_path / "a", "options=tabm")
    assert record(project)["options"] == "explain, sql, tabm"

    ran = workshop.make(project, "remove", "OPTION=sql", check=False)
    assert ran.exit_code != 0
    assert "tabm needs sql; remove it, too" in ran.output
    workshop.make(project, "remove", "OPTION=sql tabm")
    put(project.path, "Less")
    workshop.make(project, "add", "OPTION=tabm")
    same_as_today(workshop, project, tmp_path / "b", "tabm")


def test_an_update_says_what_changes_and_what_the_owner_has_to_do(
    workshop: Workshop, tmp_path: Path
) -> None:
    project = made(workshop, tmp_path / "a")
    owned = project.path / "configs" / "train.yaml"
    owned.write_text("# ours\n" + owned.read_text("utf-8"), "utf-8")
    put(project.path, "Ours")
    commit = move_on(workshop)

    workshop.make(project, "add", "OPTION=tabm")  # of the commit that the project is of
    assert "# news" not in project.read(f"{PACKAGE}/errors.py")
    put(project.path, "More")
    ran = workshop.make(project, "update")

    assert "Version 9.9.9, what you have to do:\n\nWater the plants." in ran.output
    assert f"M\t{PACKAGE}/errors.py" in ran.output
    assert "# news" in project.read(f"{PACKAGE}/errors.py")
    assert project.read("configs/news.yaml") == "a: 1\n"  # not among the owner's: it is new
    assert project.read("configs/train.yaml").startswith("# ours\n")
    assert record(project)["commit"] == commit
    assert record(project)["options"] == "monitoring_page, report, tabm"
    put(project.path, "Updated")
    assert "nothing changes" in workshop.make(project, "update").output


def test_moved_files_are_followed_deleted_ones_said_and_conflicts_named(
    workshop: Workshop, tmp_path: Path
) -> None:
    project = made(workshop, tmp_path / "a")
    git(project.path, "mv", f"{PACKAGE}/terminal.py", f"{PACKAGE}/screen.py")
    git(project.path, "rm", "--quiet", f"{PACKAGE}/errors.py")
    page = project.path / "README.md"
    page.write_text(page.read_text("utf-8").replace("# Flight Delay", "# Ours", 1), "utf-8")
    put(project.path, "Ours")
    source = workshop.template / SOURCE
    for name, old, new in (
        ("src/{{cookiecutter.__package}}/terminal.py", '"""', '"""News. '),
        ("src/{{cookiecutter.__package}}/errors.py", '"""', '"""News. '),
        ("README.md", "# {{ cookiecutter.project_name }}", "# Theirs"),
    ):
        text = (source / name).read_text("utf-8")
        (source / name).write_text(text.replace(old, new, 1), "utf-8")
    put(workshop.template, "Move on")

    ran = workshop.make(project, "update", check=False)

    assert ran.exit_code != 0
    assert project.read(f"{PACKAGE}/screen.py").startswith('"""News. ')
    assert f"left out  {PACKAGE}/errors.py: you deleted it" in ran.output
    assert [line for line in ran.output.splitlines() if line.startswith("conflict")] == [
        "conflict  README.md"
    ]
    for side in ("# Ours", "# Theirs", "# Flight Delay"):
        assert side in project.read("README.md")
    git(project.path, "reset", "--hard", "--quiet")
    assert git(project.path, "status", "--porcelain") == ""
    assert project.read("README.md").startswith("# Ours")


def test_a_relative_path_and_changes_that_are_not_committed(
    workshop: Workshop, tmp_path: Path
) -> None:
    (workshop.template / "README.md").write_text("changed\n")

    ran = workshop.cookiecutter(tmp_path / "b", "--default-config", "../template")

    project = BakedProject(tmp_path / "b" / "flight-delay", {})
    assert "changes that are not committed" in ran.output
    assert record(project)["template"] == str(workshop.template)
    assert record(project)["commit"] == git(workshop.template, "rev-parse", "HEAD")
    workshop.make(project, "add", "OPTION=tabm")
    assert (project.package / "training/kinds/tabm.py").exists()


def test_a_clone_is_known_by_its_address_without_the_password(
    workshop: Workshop, tmp_path: Path
) -> None:
    given = "https://ada:s3cret@git.invalid/team/template.git"
    rewrite: dict[str, Any] = {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": f"url.{workshop.template}.insteadOf",
        "GIT_CONFIG_VALUE_0": given,
        "GIT_CONFIG_KEY_1": f"url.{workshop.template}.insteadOf",
        "GIT_CONFIG_VALUE_1": given.replace("ada:s3cret@", ""),
    }
    home: dict[str, Any] = {"HOME": str(tmp_path)}
    git(workshop.template, "tag", "--annotate", "v9", "--message", "Nine")
    tagged = git(workshop.template, "rev-parse", "HEAD")
    commit = move_on(workshop)

    workshop.cookiecutter(tmp_path / "b", given, "--checkout", "v9", **rewrite, **home)

    project = BakedProject(tmp_path / "b" / "flight-delay", {})
    assert record(project)["template"] == "https://git.invalid/team/template.git"
    assert (record(project)["checkout"], record(project)["commit"]) == ("v9", tagged)
    held = [path for path in project.path.rglob("*") if path.is_file()]
    assert [path for path in held if b"s3cret" in path.read_bytes()] == []
    git(workshop.template, "tag", "--annotate", "v10", "--message", "Ten")
    run("python3", "scripts/options.py", "update", "v10", cwd=project.path, **{
        **workshop.environment, **rewrite
    })  # fmt: skip
    assert record(project)["commit"] == commit
    assert "# news" in project.read(f"{PACKAGE}/errors.py")


def test_an_archive_has_no_history_and_says_what_links_it(shared: Workshop, tmp_path: Path) -> None:
    archive = tmp_path / "template.zip"
    git(shared.template, "archive", "--prefix=template/", f"--output={archive}", "HEAD")

    ran = shared.cookiecutter(tmp_path / "b", "--default-config", archive)

    project = BakedProject(tmp_path / "b" / "flight-delay", {})
    assert "came without git" in ran.output
    assert not (project.path / ".cruft.json").exists()
    said = shared.make(project, "add", "OPTION=tabm", check=False)
    assert said.exit_code != 0
    for output in (ran.output, said.output):
        assert "uvx cruft link ADDRESS" in output


def test_a_project_in_a_folder_of_a_larger_repository_without_an_identity(
    shared: Workshop, tmp_path: Path
) -> None:
    folder = tmp_path / "large"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "other.txt").write_text("other\n")
    ran = shared.cookiecutter(folder, "--default-config", shared.template)
    assert "belongs to the git repository" in ran.output
    put(folder, "All of it")
    project = BakedProject(folder / "flight-delay", {})
    forget = [word for name in IDENTITY for word in ("-u", name)]
    only = ("GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=user.useConfigOnly", "GIT_CONFIG_VALUE_0=true")

    project.run("env", *forget, *only, "make", "add", "OPTION=tabm", **shared.environment)

    assert (project.package / "training/kinds/tabm.py").exists()
    changed = git(folder, "diff", "--cached", "--name-only").splitlines()
    assert f"flight-delay/{PACKAGE}/training/kinds/tabm.py" in changed
    assert [path for path in changed if not path.startswith("flight-delay/")] == []


def test_what_cruft_creates_is_clean_and_cruft_goes_on_with_what_we_record(
    workshop: Workshop, tmp_path: Path
) -> None:
    home: dict[str, Any] = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    command = (tool("cruft"), "create", workshop.template, "--no-input", "--default-config")
    run(*command, cwd=tmp_path, timeout_s=120, **home)
    project = BakedProject(tmp_path / "flight-delay", {})
    assert git(project.path, "status", "--porcelain") == ""

    workshop.make(project, "add", "OPTION=tabm")
    put(project.path, "More")
    move_on(workshop)
    assert run(tool("cruft"), "check", cwd=project.path, check=False, **home).exit_code == 1
    run(tool("cruft"), "update", "--skip-apply-ask", cwd=project.path, timeout_s=120, **home)
    assert "# news" in project.read(f"{PACKAGE}/errors.py")
    assert (project.package / "training/kinds/tabm.py").exists()
    run(tool("cruft"), "check", cwd=project.path, **home)


def test_needs_are_named_to_the_end() -> None:
    needs = json.loads((Path(__file__).parents[1] / "cookiecutter.json").read_text())["_options"]

    for name, needed in needs.items():
        assert {further for each in needed for further in needs[each]} <= set(needed), name
