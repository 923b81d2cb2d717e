"""What comes out of the template with its default answers; what holds of all is in checks/."""

from __future__ import annotations

import re

from rendering import TEMPLATE, Bake, BakedProject


def test_the_source_of_the_package_is_copied_to_the_letter(whole: BakedProject) -> None:
    source = TEMPLATE / "{{cookiecutter.project_slug}}" / "src" / "{{cookiecutter.__package}}"
    modules = {file.relative_to(source): file for file in source.rglob("*.py")}

    assert modules
    for name, file in modules.items():
        assert (whole.package / name).read_bytes() == file.read_bytes(), name


def test_no_answer_of_the_defaults_stays_where_another_was_given(bake: Bake) -> None:
    project = bake(
        full_name="Ada Lovelace",
        email="ada@example.org",
        project_name="Night Owl",
        description="Predicts owls by night.",
    )
    traces = re.compile(r"Your Name|you@example\.com|more than fifteen minutes late\.")
    held = [path for path, content in project.files().items() if traces.search(content.decode())]

    assert held == []
    assert (project.path.name, project.package.name) == ("night-owl", "night_owl")


def test_two_renders_are_the_same_to_the_byte(bake: Bake) -> None:
    assert bake("one").files() == bake("two").files()
