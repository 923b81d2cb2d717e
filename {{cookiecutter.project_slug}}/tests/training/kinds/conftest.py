"""Training sets of each task over the small contract, for each kind of model."""

import pytest

from {{ cookiecutter.__package }}.config import TrainConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.training.kinds import TrainingSet
from {{ cookiecutter.__package }}.training.race import make_training_set

from ..conftest import rows_of

SETTINGS = TrainConfig(epochs=3, learning_rate=0.005)


@pytest.fixture(autouse=True)
def _no_features(no_features: None) -> None:
    """Kinds of model do not know the owner's."""


def make_set(
    contract: Contract, settings: TrainConfig = SETTINGS, rounds: int | None = None
) -> TrainingSet:
    """A training set of a contract's synthesised rows."""
    held_out = None if rounds else rows_of(contract, 400, seed=1)
    return make_training_set(settings, rows_of(contract, 1_200), held_out, rounds)
