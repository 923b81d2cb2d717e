"""The tree in the docstring is the tree in the code."""

import re

import pytest

from {{ cookiecutter.__package }} import errors
from {{ cookiecutter.__package }}.errors import (
    MissingExtraError,
    ProjectError,
)

LINE = re.compile(r"^([│├└─ ]*)(\w+)\s+(\d+)\s+(\d+)")


def drawn() -> dict[str, tuple[str | None, int, int]]:
    """Each class in the docstring with its parent, exit code and status."""
    found: dict[str, tuple[str | None, int, int]] = {}
    parents: dict[int, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        if match := LINE.match(line):
            indent, name, exit_code, status = match.groups()
            depth = len(indent) // 4
            parents[depth] = name
            found[name] = (parents.get(depth - 1), int(exit_code), int(status))
    return found


def defined() -> dict[str, tuple[str | None, int, int]]:
    return {
        name: (
            None if kind is ProjectError else kind.__mro__[1].__name__,
            kind.exit_code,
            kind.status,
        )
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, ProjectError)
    }


def test_the_tree_is_drawn_as_it_is() -> None:
    assert len(drawn()) > 5
    assert drawn() == defined()


def test_no_failure_exits_as_success_or_as_a_crash() -> None:
    codes = {name: exit_code for name, (_, exit_code, _) in defined().items()}
    assert {name for name, code in codes.items() if code in {0, 1}} == {"ProjectError"}


@pytest.mark.parametrize("extra", ["train", "example"])
def test_a_missing_library_is_told_with_the_command_that_installs_it(extra: str) -> None:
    error = MissingExtraError("lib", extra)
    assert str(error) == f"lib is not installed; install it with: pip install '.[{extra}]'"
