"""The command line of adopt."""

import pytest
from typer.testing import CliRunner

from {{ cookiecutter.__package }}.cli import app
from {{ cookiecutter.__package }}.errors import ConfigError

from .conftest import Project, some, text_of


@pytest.fixture
def table(project: Project) -> str:
    cells = {
        "sale_date": some("2024-01-01", "2024-02-01"),
        "n": some("1", "2"),
        "y": some("a", "b"),
    }
    (project.root / "t.csv").write_text(text_of(cells))
    return "t.csv"


def test_options_reach_the_contract(project: Project, table: str) -> None:
    options = ["--target", "y", "--time", "sale_date", "--timezone", "Europe/Paris"]
    options += ["--positive", "a", "--task", "binary", "--name", "mine"]
    found = CliRunner().invoke(app, ["adopt", table, *options, "--dry-run"])
    assert found.exit_code == 0, found.output
    assert "mine: binary of y" in found.output
    assert "nothing was written" in found.output


def test_empty_options_are_none(project: Project, table: str) -> None:
    options = ["--target", "y", "--time", "", "--id", "", "--dry-run"]
    found = CliRunner().invoke(app, ["adopt", table, *options])
    assert found.exit_code == 0, found.output


def test_a_task_that_there_is_not_is_refused(project: Project, table: str) -> None:
    found = CliRunner().invoke(app, ["adopt", table, "--target", "y", "--task", "clustering"])
    assert isinstance(found.exception, ConfigError)
