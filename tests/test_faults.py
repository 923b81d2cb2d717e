"""Faults planted into a render: each is found by the check that is there for it, and where."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from checks import CHECKS, complaints
from faults import FAULTS, Fault, elsewhere
from rendering import ALL, NONE, BakedProject, render

ALL_OPTIONS = ("options", ALL)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., BakedProject]:
    """Return a function that gives a render without any fault, to be left as it is."""
    made: dict[tuple[tuple[str, str], ...], BakedProject] = {}

    def given(answers: tuple[tuple[str, str], ...] = (ALL_OPTIONS,)) -> BakedProject:
        if answers not in made:
            folder = tmp_path_factory.mktemp("sound") / "out"
            made[answers] = render(folder, **dict(answers))
            assert complaints(made[answers]) == []
        return made[answers]

    return given


@contextmanager
def planted(file: Path, text: str | None) -> Iterator[None]:
    """Let a file hold another text, or be missing, as long as the block takes."""
    before = file.read_bytes() if file.exists() else None
    put(file, None if text is None else text.encode())
    try:
        yield
    finally:
        put(file, before)


def put(file: Path, content: bytes | None) -> None:
    """Write a file, or remove it."""
    if content is None:
        file.unlink()
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_planted_fault_is_found_where_it_is(
    sound: Callable[..., BakedProject], fault: Fault
) -> None:
    project = sound(fault.answers)
    text = project.read(fault.path)
    assert fault.old in text, "the fault cannot be planted any more: name another text"
    (check,) = (check for check in CHECKS if check.__name__ == fault.check)

    with planted(project.path / fault.path, text.replace(fault.old, fault.new, 1)):
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
    sound: Callable[..., BakedProject], path: str, says: str
) -> None:
    project = sound()
    with planted(project.path / path, "name: planted\n"):
        said = complaints(project)

    assert any(each.startswith(f"{path}:1: {says}") for each in said)


def test_a_file_of_an_option_that_was_not_chosen_is_found(
    sound: Callable[..., BakedProject],
) -> None:
    project = sound(elsewhere(options=NONE))
    with planted(project.path / "configs" / "tuning.yaml", "a: 1\n"):
        said = complaints(project)

    assert "configs/tuning.yaml:1: belongs to an answer that was not given" in said


def test_a_file_that_is_missing_is_found(sound: Callable[..., BakedProject]) -> None:
    project = sound()
    with planted(project.path / "compose.yaml", None):
        said = complaints(project)

    assert "compose.yaml:1: is missing, although the answers ask for it" in said
