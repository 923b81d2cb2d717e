"""Each choice adds and removes exactly what it should, and no prompt is without effect."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from checks.options import HOOK, owners
from checks.pipelines import pipelines
from rendering import (
    ALL,
    NONE,
    OPTIONS,
    TEMPLATE,
    Bake,
    BakedProject,
    answers_of_the_template,
    load_hook,
)

GITHUB = {
    ".github/dependabot.yml",
    ".github/workflows/ci.yml",
    ".github/workflows/release.yml",
    ".github/workflows/train.yml",
    ".github/workflows/update.yml",
}
GITLAB = {".gitlab-ci.yml", "renovate.json"}
DOCKER = {"compose.yaml", "deploy/compose/prometheus.yaml"}
IMAGE = {"Dockerfile", ".dockerignore"}
KUBERNETES = {
    f"deploy/kubernetes/{name}.yaml"
    for name in ("api", "jobs", "kustomization", "network", "storage")
}
ANOTHER = {
    "full_name": "Ada Lovelace",
    "email": "ada@example.org",
    "project_name": "Night Owl",
    "project_slug": "night-owl",
    "description": "Predicts owls by night.",
    "python_version": "3.13",
    "license": "Proprietary",
    "ci": "none",
    "deployment": "none",
    "options": NONE,
}
# Texts outside src/ in which an option may have lines of its own.
MAY_SPEAK = re.compile(
    r"pyproject\.toml|README\.md|Makefile|Dockerfile|compose\.yaml|\.(git|docker)ignore|\.env\.example"
    r"|\.cruft\.json|configs/\w+\.yaml|configs/contract\.schema\.json|docs/.*|deploy/.*|\.github/.*"
)


def added_and_removed(project: BakedProject, other: BakedProject) -> tuple[set[str], set[str]]:
    """Return the files that only one of two renders holds."""
    ours, theirs = set(project.files()), set(other.files())
    return ours - theirs, theirs - ours


@pytest.mark.parametrize(
    ("choice", "added", "removed"),
    [
        ({"ci": "github"}, set(), set()),
        ({"ci": "gitlab"}, GITLAB, GITHUB),
        ({"ci": "none"}, set(), GITHUB),
        ({"deployment": "docker"}, set(), set()),
        ({"deployment": "kubernetes"}, KUBERNETES, DOCKER),
        ({"deployment": "none"}, set(), DOCKER | IMAGE),
    ],
    ids=lambda choice: "-".join(choice.values()) if isinstance(choice, dict) else "",
)
def test_a_choice_adds_and_removes_exactly_its_files(
    bake: Bake, whole: BakedProject, choice: dict[str, str], added: set[str], removed: set[str]
) -> None:
    assert added_and_removed(bake(options=ALL, **choice), whole) == (added, removed)


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_adds_exactly_the_files_that_bear_its_name(
    with_options: Bake, core: BakedProject, whole: BakedProject, name: str
) -> None:
    names = {name, *OPTIONS[name]}
    added, removed = added_and_removed(with_options(name), core)

    assert removed == set()
    assert added == {path for path in whole.files() if owners(path) & names}
    assert [path for path in added if path.startswith(("src/", "deploy/"))]


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_changes_only_lists_and_texts_that_name_it(
    with_options: Bake, core: BakedProject, name: str
) -> None:
    project, before = with_options(name).files(), core.files()
    changed = {path for path, content in before.items() if project[path] != content}
    modules = {path for path in changed if path.startswith("src/")}

    assert [path for path in sorted(changed - modules) if not MAY_SPEAK.fullmatch(path)] == []
    for path in modules:
        text = project[path].decode("utf-8")
        assert HOOK.without_lines(text, OPTIONS.keys()) == before[path].decode("utf-8")


@pytest.mark.parametrize("options", [NONE, *OPTIONS, ALL])
def test_an_option_that_is_not_there_leaves_no_empty_folder(
    with_options: Bake, options: str
) -> None:
    folders = with_options(options).path.rglob("*")

    assert [folder for folder in folders if is_empty(folder)] == []


def is_empty(folder: Path) -> bool:
    """Say whether a path is a folder, outside git's own, with nothing in it."""
    return folder.is_dir() and ".git" not in folder.parts and not any(folder.iterdir())


@pytest.mark.parametrize(
    ("answer", "same"),
    [
        (", ".join(OPTIONS), ALL),
        (" ".join(reversed(OPTIONS)), ALL),
        ("tabm,tuning", "tuning tabm"),
        (" , ", NONE),
        ("tuning tuning", "tuning"),
    ],
)
def test_options_are_names_in_any_order_with_commas_or_spaces_between(
    with_options: Bake, answer: str, same: str
) -> None:
    assert with_options(answer).files() == with_options(same).files()


def test_each_option_is_for_one_thing(whole: BakedProject) -> None:
    shared = {path: owners(path) for path in whole.files() if len(owners(path)) > 1}

    assert shared == {}


def test_each_option_says_how_it_is_used(whole: BakedProject) -> None:
    assert {name for name in OPTIONS if f"docs/howto/{name}.md" not in whole.files()} == set()


@pytest.mark.parametrize("slug", ["report", "test-report", "quality-estimate"])
def test_a_project_may_have_the_name_of_an_option(bake: Bake, slug: str) -> None:
    if load_hook("pre_gen_project").slug_fault(slug) is None:
        assert (bake(project_slug=slug, options=NONE).package / "__init__.py").is_file()


def test_what_is_yours_is_what_updates_pass_over(default: BakedProject) -> None:
    skipped = tomllib.loads(default.read("pyproject.toml"))["tool"]["cruft"]["skip"]
    written = default.read("docs/own.md").split("\n## ")[1]

    assert set(re.findall(r"^- `([^`]+)`", written, re.MULTILINE)) == set(skipped)


def test_without_github_no_empty_folder_of_it_stays(bake: Bake) -> None:
    assert not (bake(ci="none").path / ".github").exists()


def test_without_deployment_no_empty_folder_of_it_stays(bake: Bake) -> None:
    project = bake(deployment="none")

    assert not (project.path / "deploy" / "compose").exists()
    assert not (project.path / "deploy" / "kubernetes").exists()


@pytest.mark.parametrize("choice", ["github", "gitlab"])
def test_the_pipelines_call_the_commands_that_a_person_calls(bake: Bake, choice: str) -> None:
    called = {
        target
        for _, text in pipelines(bake(ci=choice))
        for target in re.findall(r"\bmake ([a-z-]+)", text)
    }

    wanted = "setup check test test-slow data train test-model audit sbom build update"
    assert set(wanted.split()) <= called


@pytest.mark.parametrize("deployment", ["docker", "none"])
@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_a_pipeline_makes_images_where_there_is_a_dockerfile(
    bake: Bake, ci: str, deployment: str
) -> None:
    said = "".join(text for _, text in pipelines(bake(ci=ci, deployment=deployment)))

    assert ("docker build" in said) == (deployment != "none")


@pytest.mark.parametrize("choice", ["BSD-3-Clause", "Proprietary"])
def test_a_licence_changes_texts_and_no_file(
    bake: Bake, default: BakedProject, choice: str
) -> None:
    project = bake(license=choice)

    assert added_and_removed(project, default) == (set(), set())
    assert project.read("LICENSE") != default.read("LICENSE")
    assert project.read("pyproject.toml") != default.read("pyproject.toml")


@pytest.mark.parametrize(
    ("choice", "words", "expression"),
    [
        ("MIT", "Permission is hereby granted, free of charge", "MIT"),
        ("BSD-3-Clause", "Redistribution and use in source and binary forms", "BSD-3-Clause"),
        ("Proprietary", "All rights reserved", "LicenseRef-Proprietary"),
    ],
)
def test_a_licence_is_named_as_the_standard_names_it(
    bake: Bake, choice: str, words: str, expression: str
) -> None:
    project = bake(license=choice, full_name="Ada Lovelace")

    assert words in " ".join(project.read("LICENSE").split())
    assert "Ada Lovelace" in project.read("LICENSE")
    assert f'licenses="{expression}"' in project.read("Dockerfile")
    assert tomllib.loads(project.read("pyproject.toml"))["project"]["license"] == expression


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_one_python_version_is_meant_everywhere(bake: Bake, version: str, ci: str) -> None:
    # That nothing names another one is checked for every combination, in test_matrix.py.
    project = bake(python_version=version, ci=ci)
    settings = tomllib.loads(project.read("pyproject.toml"))
    short = "py" + version.replace(".", "")

    assert settings["project"]["requires-python"] == f">={version}"
    assert settings["tool"]["mypy"]["python_version"] == version
    assert settings["tool"]["ruff"]["target-version"] == short
    assert settings["tool"]["black"]["target-version"] == [short]
    assert project.read("Dockerfile").count(f"FROM python:{version}-slim") == 2
    assert f"python:1-{version}" in project.read(".devcontainer/devcontainer.json")
    for path, text in pipelines(project):
        assert f'python-version: "{version}"' in text or f"python:{version}" in text, path


@pytest.mark.parametrize("answer", ANOTHER)
def test_no_prompt_is_without_effect(bake: Bake, default: BakedProject, answer: str) -> None:
    project = bake(**{answer: ANOTHER[answer]})

    assert project.files() != default.files()


def test_every_prompt_and_every_choice_is_explained_to_the_person() -> None:
    prompts = json.loads((TEMPLATE / "cookiecutter.json").read_text("utf-8"))["__prompts__"]

    assert prompts.keys() == answers_of_the_template().keys()
    for name, choices in answers_of_the_template().items():
        if isinstance(choices, list):
            assert prompts[name].keys() == {"__prompt__", *choices}, name


def test_every_prompt_is_in_the_documentation() -> None:
    page = (TEMPLATE / "docs" / "prompts.md").read_text("utf-8")

    for name, choices in answers_of_the_template().items():
        assert f"`{name}`" in page
        for choice in choices if isinstance(choices, list) else []:
            assert f"`{choice}`" in page


def test_the_test_of_effects_covers_every_prompt() -> None:
    assert ANOTHER.keys() == answers_of_the_template().keys()
