"""One check at a time, on a trained workspace with other settings."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from {{ cookiecutter.__package }}.config import load
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.doctor.finding import Finding
from {{ cookiecutter.__package }}.doctor.job import Check, careful
from {{ cookiecutter.__package }}.doctor.project import Project

from ..conftest import Workspace

Look = Callable[..., list[Finding]]


@pytest.fixture
def look(workspace: Workspace, tmp_path: Path) -> Look:
    """Runs a check with settings over the workspace's, and says what is not fine.

    What is fine is said as well if nothing else is.
    """

    def looked(
        check: Check, *settings: str, contract: Contract = workspace.contract
    ) -> list[Finding]:
        configs = workspace.path / "configs"
        config = load(configs, settings)
        project = Project(root=tmp_path, configs=configs, config=config, contract=contract)
        found = list(careful(check, project))
        wrong = [finding for finding in found if finding.level != "fine"]
        assert all(finding.fix for finding in wrong)
        return wrong or found

    return looked


@pytest.fixture
def bundles(workspace: Workspace, tmp_path: Path) -> Path:
    """A copy of the workspace's bundles, to spoil."""
    return shutil.copytree(workspace.path / "bundles", tmp_path / "bundles")


@pytest.fixture
def data(workspace: Workspace, tmp_path: Path) -> Path:
    """A copy of the workspace's dataset, to spoil."""
    return shutil.copytree(workspace.path / "data", tmp_path / "data")
