"""The helper of the tests of behaviour, and that these can fail; needs no model of yours."""

from pathlib import Path

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.models.bundle import write_bundle
from {{ cookiecutter.__package }}.models.versions import Versions

from ..conftest import Workspace, make_workspace
from ..models.conftest import constant_files
from . import test_every_model
from .behaviour import Model, find_model

EVERY = [name for name in vars(test_every_model) if name.startswith("test_")]


@pytest.fixture
def model(trained: Workspace) -> Model:
    return find_model(trained.path / "configs")


@pytest.fixture
def constant(shop: Contract, tmp_path: Path) -> Model:
    """It answers 0.25, whatever it is asked."""
    place = make_workspace(tmp_path, shop, train=False)
    path = write_bundle(place.versions.folder, constant_files(shop))
    place.versions.register(path.name, [])
    return find_model(tmp_path / "configs")


@pytest.mark.parametrize("name", EVERY)
def test_what_holds_of_every_model_holds_of_a_trained_one(model: Model, name: str) -> None:
    getattr(test_every_model, name)(model)


def test_a_model_that_knows_nothing_is_found_out(constant: Model) -> None:
    with pytest.raises(AssertionError):
        test_every_model.test_it_knows_more_than_chance_and_tells_rows_apart(constant)


def test_a_change_is_a_value_or_a_function_of_the_old_one(model: Model) -> None:
    assert not np.array_equal(model.score(price=900.0), model.score())
    halved = [{**row, "price": row["price"] / 2} for row in model.rows]
    assert np.array_equal(model.score(halved), model.score(price=lambda value: value / 2))
    assert {str(row["at"].tzinfo) for row in model.rows} == {"Europe/Paris"}
    with pytest.raises(ValueError, match="prize: no feature of the model; those are at, price"):
        model.score(prize=3)


def test_the_newest_version_is_asked_unless_another_is_named(constant: Model) -> None:
    folder = constant.bundle.path.parent
    configs = folder.parents[1] / "configs"
    newer = write_bundle(folder, constant_files(constant.contract, 0.5))
    Versions(folder.parent, folder.name).register(newer.name, [])
    assert find_model(configs).bundle.hash == newer.name
    assert find_model(configs, "1").bundle.hash == constant.bundle.hash
