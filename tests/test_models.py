"""A kind of model in one file and one line, as docs/models.md adds it; and tests of behaviour."""

from __future__ import annotations

import json
import os
import re
from typing import Any

import pytest
from rendering import TEMPLATE, Bake, BakedProject, Ran, render

PAGE = TEMPLATE / "docs" / "models.md"
PYTHON_BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
MOST_LINES = 120


def worked_example() -> tuple[str, str, str]:
    """Return the library's requirement, the file and the line that the page shows."""
    page = PAGE.read_text("utf-8")
    (requirement,) = re.findall(r"^\$ uv pip install (\S+)$", page, re.MULTILINE)
    file, line = PYTHON_BLOCK.findall(page)
    return requirement, file, line


@pytest.fixture(scope="module")
def project(ready: BakedProject, tmp_path_factory: pytest.TempPathFactory) -> BakedProject:
    """Return a render to which the kind was added; it uses the environment of another."""
    baked = render(tmp_path_factory.mktemp("models") / "rendered")
    (baked.path / ".venv").symlink_to(ready.path / ".venv")
    requirement, file, line = worked_example()
    kinds = baked.package / "training" / "kinds"
    (kinds / "xgboost.py").write_text(file, encoding="utf-8")
    registry = (kinds / "__init__.py").read_text("utf-8")
    last = '    "lightgbm",\n'
    assert registry.count(last) == 1
    (kinds / "__init__.py").write_text(registry.replace(last, last + line), encoding="utf-8")
    # The library goes beside that environment, which other tests look at, not into it.
    target = ("--python", ready.python, "--target", baked.path / "libraries", "--no-deps")
    baked.run("uv", "pip", "install", "--quiet", *target, requirement)
    return baked


def run(project: BakedProject, *command: str) -> Ran:
    """Run a module with the project's own source and the library before the environment's."""
    paths = os.pathsep.join(str(project.path / name) for name in ("src", "libraries"))
    return project.run(project.python, "-m", *command, PYTHONPATH=paths, timeout_s=1200)


def test_the_worked_example_is_short() -> None:
    _, file, line = worked_example()

    assert len(file.splitlines()) <= MOST_LINES
    assert len(line.splitlines()) == 1


@pytest.mark.long
@pytest.mark.slow
def test_the_worked_example_is_in_the_format_of_the_project(project: BakedProject) -> None:
    run(project, "black", "--check", "--quiet", "--diff", "src")
    run(project, "ruff", "check", "--no-cache", "src")


@pytest.mark.long
@pytest.mark.slow
def test_the_added_kind_holds_what_every_kind_holds(project: BakedProject) -> None:
    ran = run(project, "pytest", "-v", "tests/training/kinds/test_kinds.py", "-k", "xgboost")

    for task in ("binary", "multiclass", "regression"):
        learns = rf"test_it_learns_and_its_graph_answers_alike\[xgboost-{task}\] PASSED"
        assert re.search(learns, ran.output), str(ran)
    assert not re.search(r"\b[1-9]\d* (failed|error|skipped)", ran.output), str(ran)


@pytest.mark.long
@pytest.mark.slow
def test_the_added_kind_is_trained_on_the_flights_and_passes_the_gate(
    project: BakedProject,
) -> None:
    run(project, "flight_delay", "data")
    settings = ("--set", "train.model.kind=xgboost", "--set", "train.tracker=none")
    ran = run(project, "flight_delay", "train", *settings)
    bundles = project.path / "bundles" / "flight-delay"
    version = json.loads((bundles / "versions" / "1.json").read_text("utf-8"))
    verdict = {rule["name"]: rule["passed"] for rule in version["verdict"]}
    file = bundles / version["bundle"] / "metadata.json"
    metadata: dict[str, Any] = json.loads(file.read_text("utf-8"))

    assert all(verdict.values()), str(ran)
    assert "parity" in verdict
    assert metadata["model"]["kind"] == "xgboost"
    assert metadata["metrics"]["model"]["auc"]["value"] > 0.68


def test_without_a_model_the_tests_of_behaviour_say_what_to_do(
    ready: BakedProject, bake: Bake
) -> None:
    project = bake()
    ran = project.run(
        ready.python,
        *("-m", "pytest", "-m", "model", "tests/behaviour"),
        PYTHONPATH=str(project.path / "src"),
        check=False,
    )

    assert ran.exit_code == 1, str(ran)
    assert "run: make data train" in ran.output
    assert not re.search(r"\b[1-9]\d* (passed|skipped)", ran.output), str(ran)
