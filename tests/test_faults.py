"""Faults planted into a render: each is found by the check that is there for it, and where."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from checks import CHECKS, complaints
from faults import FAULTS, Fault, elsewhere
from rendering import ALL, NONE, BakedProject, copied, render

ALL_OPTIONS = ("options", ALL)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., BakedProject]:
    """Return a function that gives a render without any fault, to be copied and not changed."""
    made: dict[tuple[tuple[str, str], ...], BakedProject] = {}

    def given(answers: tuple[tuple[str, str], ...] = (ALL_OPTIONS,)) -> BakedProject:
        if answers not in made:
            folder = tmp_path_factory.mktemp("sound") / "out"
            made[answers] = render(folder, **dict(answers))
            assert complaints(made[answers]) == []
        return made[answers]

    return given


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_planted_fault_is_found_where_it_is(
    sound: Callable[..., BakedProject], tmp_path: Path, fault: Fault
) -> None:
    project = copied(sound(fault.answers), tmp_path)
    file = project.path / fault.path
    text = file.read_text("utf-8")
    assert fault.old in text, "the fault cannot be planted any more: name another text"
    file.write_text(text.replace(fault.old, fault.new, 1), "utf-8")

    (check,) = (check for check in CHECKS if check.__name__ == fault.check)
    said = list(check(project))

    assert any(fault.says in complaint for complaint in said), said
    assert all(re.match(r"[\w./-]+:\d+: ", complaint) for complaint in said), said


@pytest.mark.parametrize(
    ("path", "says"),
    [
        (".github/workflows/nightly.yml", "is owned by no answer"),
        ("deploy/compose/loki.yaml", "is owned by no answer"),
        ("compose.override.yaml", "belongs to no answer"),
        (".gitlab-ci.yml", "belongs to an answer that was not given"),
    ],
)
def test_a_file_that_no_answer_owns_is_found(
    sound: Callable[..., BakedProject], tmp_path: Path, path: str, says: str
) -> None:
    project = copied(sound(), tmp_path)
    (project.path / path).parent.mkdir(parents=True, exist_ok=True)
    (project.path / path).write_text("name: planted\n")

    assert any(said.startswith(f"{path}:1: {says}") for said in complaints(project))


def test_a_file_of_an_option_that_was_not_chosen_is_found(
    sound: Callable[..., BakedProject], tmp_path: Path
) -> None:
    project = copied(sound(elsewhere(options=NONE)), tmp_path)
    (project.path / "configs" / "tuning.yaml").write_text("a: 1\n")

    said = "configs/tuning.yaml:1: belongs to an answer that was not given"
    assert said in complaints(project)


def test_a_file_that_is_missing_is_found(
    sound: Callable[..., BakedProject], tmp_path: Path
) -> None:
    project = copied(sound(), tmp_path)
    (project.path / "compose.yaml").unlink()

    assert "compose.yaml:1: is missing, although the answers ask for it" in complaints(project)
