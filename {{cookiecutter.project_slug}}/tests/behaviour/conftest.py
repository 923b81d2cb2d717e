"""The fixture that tests of behaviour start from."""

import os

import pytest

from {{ cookiecutter.__package }}.errors import ProjectError

from ..conftest import ROOT
from .behaviour import Model, find_model


@pytest.fixture(scope="session")
def model() -> Model:
    """The newest version, or the one that the variable MODEL_VERSION names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)  # paths in configs/ start there
        try:
            return find_model(ROOT / "configs", os.environ.get("MODEL_VERSION", ""))
        except ProjectError as error:
            pytest.fail(str(error), pytrace=False)
