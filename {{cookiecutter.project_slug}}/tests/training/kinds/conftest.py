"""Training sets of each task over the small contract, for each kind of model."""

from collections.abc import Callable

import pytest

from {{ cookiecutter.__package }}.config import TrainConfig
from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.training.kinds import TrainingSet
from {{ cookiecutter.__package }}.training.race import make_training_set

from ..conftest import rows_of

MakeSet = Callable[..., TrainingSet]
SETTINGS = TrainConfig(epochs=3, batch_size=64, learning_rate=0.005)


@pytest.fixture(autouse=True)
def _no_features(no_features: None) -> None:
    """Kinds of model do not know the owner's."""


@pytest.fixture(scope="session")
def make_set() -> MakeSet:
    """A training set of a contract's synthesised rows."""

    def made(
        contract: Contract,
        settings: TrainConfig = SETTINGS,
        n_rows: int = 1_200,
        rounds: int | None = None,
    ) -> TrainingSet:
        held_out = None if rounds else rows_of(contract, 400, seed=1)
        return make_training_set(settings, rows_of(contract, n_rows), held_out, rounds)

    return made
