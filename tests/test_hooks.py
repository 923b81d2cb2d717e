"""The two hooks, by themselves and as cookiecutter runs them, a second time included."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from rendering import TEMPLATE, Bake, answers_of_the_template, load_hook, run

HOOKS = TEMPLATE / "hooks"


pre_gen = load_hook("pre_gen_project")
post_gen = load_hook("post_gen_project")
DEFAULTS = {
    name: value if isinstance(value, str) else value[0]
    for name, value in answers_of_the_template().items()
} | {"project_slug": "flight-delay"}
NOTHING = dict.fromkeys(post_gen.MANIFEST, "none")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with the files that the manifest names, and one of the person's own."""
    folder = tmp_path / "project"
    for path in (path for answer in post_gen.MANIFEST for path in post_gen.owned(answer)):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("rendered\n")
    return folder


@pytest.mark.parametrize("hook", sorted(HOOKS.glob("*.py")), ids=lambda path: path.stem)
def test_a_hook_needs_only_the_standard_library_and_no_network(hook: Path) -> None:
    tree = ast.parse(hook.read_text("utf-8"))
    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported = {name.partition(".")[0] for name in names}

    assert imported <= sys.stdlib_module_names
    assert not imported & {"socket", "urllib", "http", "ssl", "ftplib"}


def test_the_default_answers_are_accepted() -> None:
    assert list(pre_gen.refusals(DEFAULTS)) == []


def test_a_refusal_says_what_was_given_what_is_valid_and_what_to_do() -> None:
    (said,) = pre_gen.refusals(DEFAULTS | {"project_slug": "Torch!"})
    given, valid, to_do = said.splitlines()

    assert given.startswith("project_slug was given as 'Torch!': ")
    assert valid.startswith("  valid: ")
    assert to_do == "  to do: give another project_slug, such as torch-model"


def test_a_very_long_answer_is_not_repeated_in_full() -> None:
    (said,) = pre_gen.refusals(DEFAULTS | {"description": "x" * 10_000})

    assert len(said) < 400
    assert "(10000 characters)" in said


@pytest.mark.parametrize(
    "slug", ["Torch", "class", "3d-print", "", "---", "рейс", "json", "f" * 99, "con", "X Y"]
)
def test_what_is_suggested_instead_would_be_accepted(slug: str) -> None:
    assert pre_gen.slug_fault(pre_gen.suggestion(slug)) is None


def test_every_folder_of_the_project_is_a_reserved_name(project_folders: set[str]) -> None:
    assert {name for name in project_folders if pre_gen.slug_fault(name) is None} == set()


@pytest.fixture
def project_folders(bake: Bake) -> set[str]:
    """Return the folders at the top of a render that could also be names of packages."""
    return {
        entry.name
        for entry in bake().path.iterdir()
        if entry.is_dir() and entry.name.isidentifier()
    }


def test_the_manifest_names_only_choices_that_the_template_offers() -> None:
    offered = answers_of_the_template()

    for answer, choices in post_gen.MANIFEST.items():
        assert choices.keys() <= set(offered[answer])


def test_the_manifest_names_only_files_that_the_template_holds() -> None:
    source = TEMPLATE / "{{cookiecutter.project_slug}}"
    named = [path for answer in post_gen.MANIFEST for path in post_gen.owned(answer)]

    assert named
    assert [path for path in named if not (source / path).is_file()] == []


def test_pruning_leaves_the_files_that_nobody_listed(project: Path) -> None:
    own = project / ".github" / "FUNDING.yml"
    own.write_text("github: me\n")

    post_gen.prune(project, post_gen.unwanted(NOTHING))

    assert [file for file in project.rglob("*") if file.is_file()] == [own]


def test_pruning_twice_is_as_good_as_once(project: Path) -> None:
    for _ in range(2):
        post_gen.prune(project, post_gen.unwanted(NOTHING))

    assert list(project.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "option"),
    [
        ("src/some/training/tuning/job.py", "tuning"),
        ("src/some/training/kinds/tabm.py", "tabm"),
        ("tests/training/kinds/test_tabm.py", "tabm"),
        ("docs/howto/tuning.md", "tuning"),
        ("configs/tuning.yaml", "tuning"),
        ("deploy/prometheus/rules.yml", "prometheus"),
    ],
)
def test_a_file_belongs_to_the_option_whose_name_its_path_holds(path: str, option: str) -> None:
    assert option in post_gen.owners(Path(path))


@pytest.mark.parametrize(
    "path", ["src/some/training/tuning_of_old.py", "docs/tuned.md", "tests/test_tabms.py"]
)
def test_a_file_whose_path_holds_a_longer_name_is_cores(path: str) -> None:
    assert post_gen.owners(Path(path)) & {"tuning", "tabm"} == set()


LIST = """\
COMMANDS = (
    "cli.tuning_of_old",
    # options, one line each
    "training.tuning.command",
    "training.report.command",
)
TUNED = "tuning"
"""


def test_only_lines_behind_the_fixed_comment_go_with_an_option() -> None:
    expected = LIST.replace('    "training.tuning.command",\n', "")

    assert post_gen.without_lines(LIST, {"tuning", "tabm"}) == expected
    assert post_gen.without_lines(LIST, set()) == LIST


def test_the_first_commit_holds_every_rendered_file(bake: Bake) -> None:
    project = bake()

    assert project.run("git", "branch", "--show-current").output == "main\n"
    assert project.run("git", "status", "--porcelain").output == ""
    committed = project.run("git", "ls-files").output.split()
    assert sorted(committed) == sorted(project.files())


def test_rendering_again_leaves_the_history_and_the_persons_own_modules(bake: Bake) -> None:
    project = bake()
    first = project.run("git", "rev-parse", "HEAD").output
    own = project.package / "mine.py"
    own.write_text("mine = 1\n")

    bake(ci="none")

    assert project.run("git", "rev-parse", "HEAD").output == first
    assert own.read_text() == "mine = 1\n"
    assert not (project.path / ".github").exists()


def test_without_an_identity_the_files_are_staged_and_not_committed(
    bake: Bake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in (
        "GIT_AUTHOR_NAME",
        "GIT_AUTHOR_EMAIL",
        "GIT_COMMITTER_NAME",
        "GIT_COMMITTER_EMAIL",
    ):
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")

    project = bake()

    assert "staged for your first commit" in capfd.readouterr().out
    assert project.run("git", "rev-parse", "HEAD", check=False).exit_code != 0
    assert all(line.startswith("A ") for line in status(project.path))


def status(folder: Path) -> list[str]:
    """Return git's short status, a file a line."""
    return run("git", "status", "--porcelain", cwd=folder).output.splitlines()


def test_without_git_the_project_is_rendered_all_the_same(
    bake: Bake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    project = bake()

    assert "git was not found" in capfd.readouterr().out
    assert (project.path / "pyproject.toml").is_file()


def test_inside_another_repository_no_second_one_is_made(bake: Bake, tmp_path: Path) -> None:
    run("git", "init", "--quiet", cwd=tmp_path)

    assert not (bake().path / ".git").exists()


def test_a_folder_that_the_outer_repository_ignores_gets_its_own(
    bake: Bake, tmp_path: Path
) -> None:
    run("git", "init", "--quiet", cwd=tmp_path)
    (tmp_path / ".gitignore").write_text("rendered/\n")

    assert (bake().path / ".git").is_dir()


def test_the_repository_of_the_caller_is_left_alone(
    bake: Bake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    run("git", "init", "--quiet", cwd=other)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))

    project = bake()

    assert (project.path / ".git").is_dir()
    assert run("git", "ls-files", cwd=other).output == ""


@pytest.mark.parametrize(
    ("project", "caller", "command"),
    [
        ("here/flight-delay", "here", "cd flight-delay"),
        ("here/flight-delay", "elsewhere", "cd {root}/here/flight-delay"),
        ("with space/flight-delay", None, "cd '{root}/with space/flight-delay'"),
    ],
)
def test_the_next_command_works_from_where_the_caller_is(
    tmp_path: Path, project: str, caller: str | None, command: str
) -> None:
    start = None if caller is None else str(tmp_path / caller)

    first, second = post_gen.next_commands(tmp_path / project, start)

    assert (first, second) == (command.format(root=tmp_path), "make demo")
